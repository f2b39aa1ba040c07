/** A policy as the admin API answers it. */
export const samplePolicy = {
  id: 'p1',
  description: '',
  subjects: ['peter'],
  effect: 'allow',
  resources: ['article:<[0-9]+>'],
  actions: ['read'],
  conditions: {},
};
