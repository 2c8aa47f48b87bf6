/** What has a start-up snapshot of its own: a command line, and the brief verbs of tinyrunc, whose heap is smaller. */
export type Entry = 'main' | 'tinyrunc' | 'brief';
