// Package measure holds the measuring parts that the benchmarks of all rooms
// share: servers as child processes, whose CPU time and memory are read from
// outside; the load that the parent puts on them; and tables of medians.
//
// Every figure has two sides in processes of their own, so that the CPU time
// and the memory of the server are the server's alone. Where both sides share
// few cores, messages per second say little about the server: compare CPU time.
// Kinds of servers are measured in turns, round by round, and compared by the
// median of the ratios of one round, so that a drift of the machine meets all.
package measure
