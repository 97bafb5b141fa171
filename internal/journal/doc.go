// Package journal remembers what must outlive the process: receipts that are
// owed to partners, files that were received and sent, and where a broken
// transfer can go on (RFC 5024, sections 5.3.13 to 5.3.15 and 1.5.2).
//
// A [Journal] is used by values. What must happen together is given to one call
// of Commit, which returns when all of it is safe, or when nothing has changed:
//
//	err := j.Commit(ctx,
//		journal.Received{File: id, Partner: ssid, Path: path, At: now},
//		journal.Receipt{File: id, Partner: ssid, Owed: now})
//
// Only after that may the partner hear that its file has arrived.
//
// Receipts form a queue for each partner. A session takes the oldest with Take,
// sends it, and commits that it is settled; what it could not send it gives back
// with Return. Which receipts are taken is not remembered on disk, so a process
// that dies has given all of them back: a receipt may be sent twice, and is
// never lost.
//
// [Memory] keeps everything in memory, for programs that want nothing on disk.
// [File] keeps it in a file and survives the loss of power. Both pass the tests
// of package journaltest, and so must any other implementation, such as one
// on a database that several machines share.
package journal
