import type { CommandRow } from '../command.js';

export const tourRow: CommandRow = {
  path: 'tour',
  summary: 'Play the tutorial: every command and its answer, from connect to tokens of a user',
  examples: ['tour'],
  details: 'Plays it against a running `start`; where none runs, against one that lives as long as the tour.',
  run: async (call) => {
    const { tour } = await import('../tour/tour.js');
    await tour(call);
  },
};
