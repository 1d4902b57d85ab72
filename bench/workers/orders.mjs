// What workers are told, and where it stands.

/** What they do, by name. */
export const works = ['getMetrics()', 'selectBestDevice()', 'a token acquired and released'];

/** Words that they share: the latest order, how many have done it, how many workers are there. */
export const [orderWord, doneWord, readyWord] = [0, 1, 2];

/** One number, so that no order is read half: which one it is, for how many, which work. */
export const orderOf = ({ number, count, work }) => (number << 8) | (count << 4) | work;

export const readOrder = (order) => ({ count: (order >> 4) & 15, work: order & 15 });

/** Instead of work: there is none any more. */
export const end = 15;
