/** What can go wrong on the simulated line. `switch`: lasts until it is switched off. `once`: happens one time. */
export const simulatedFaults = {
  'ejector-sticks': 'switch',
  'confirmation-dead': 'switch',
  'bin-full': 'switch',
  'encoder-stops': 'switch',
  'cycle-stalls': 'switch',
  'cable-pulled': 'switch',
  'heartbeat-frozen': 'switch',
  'wrong-recipe': 'switch',
  'acknowledgements-withheld': 'switch',
  'double-part': 'once',
  'missed-pulse': 'once',
  'extra-pulse': 'once',
  'plc-restart': 'once',
} as const satisfies Record<string, 'switch' | 'once'>;

export type SimulatedFault = keyof typeof simulatedFaults;
export const faultNames = Object.keys(simulatedFaults) as SimulatedFault[];

export function isSimulatedFault(name: unknown): name is SimulatedFault {
  return typeof name === 'string' && Object.hasOwn(simulatedFaults, name);
}

/** Which faults are switched on. */
export type FaultSet = ReadonlySet<SimulatedFault>;
