export const plcReadme = (): string => '';
