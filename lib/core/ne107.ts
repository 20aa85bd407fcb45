/** The four kinds of diagnosis of NAMUR NE 107, in the words of the standard. */
export type Ne107 = 'failure' | 'functionCheck' | 'outOfSpecification' | 'maintenance';

/** As the PLC sees them (PLC.md, register 8), most urgent first; 0 is good. */
export const ne107Codes: Record<Ne107, number> = {
  failure: 1,
  functionCheck: 2,
  outOfSpecification: 3,
  maintenance: 4,
};
