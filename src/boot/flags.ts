// How a command line starts node. The launchers are made with these (scripts/launchers.mjs).

/** The launchers' flags, which tell why; V8 refuses a snapshot that was made with other flags of its own. */
export const FLAGS = [
  '--inspect-port=no..debugger:9229',
  '--no-rehash-snapshot',
  '--v8-pool-size=1',
  '--no-sparkplug',
  '--single-threaded-gc',
  '--no-minor-gc-task',
  '--no-regexp-peephole-optimization',
  '--regexp-tier-up-ticks=50',
];
/** Of these, in the path of a snapshot: one that an earlier version made with others is not even looked at, as node ends then. */
export const TAG = [...FLAGS.join(' ')]
  .reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 0x1_0000_0000, 7)
  .toString(16);
/**
 * What the launchers give to the allocator, mallopt(3): huge pages, one arena, and few calls to the kernel. The
 * buffers that node reads a snapshot into cost 3 ms of page faults otherwise. No more at a time than they take: a
 * virtual machine's free huge pages may be the host's again, which then clears each anew.
 */
export const MALLOC =
  'glibc.malloc.hugetlb=1:glibc.malloc.arena_max=1:glibc.malloc.top_pad=6291456:glibc.malloc.mmap_threshold=33554432:glibc.malloc.trim_threshold=67108864';
