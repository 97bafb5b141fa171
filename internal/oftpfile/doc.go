// Package oftpfile is where virtual files of ODETTE-FTP (RFC 5024, section 1.5)
// meet the disk: the names they get, the layout of their records, and receiving
// and sending with restart.
//
// Files of formats U and T are stored as their octets are. Files of formats F
// and V are text files, each record a line with a separator behind it; see
// [Layout].
//
// A file that is being received is a hidden file until [Incoming.Commit] moves
// it into place, complete and synced, in one step. No file appears half
// written, and none is replaced unless that was allowed. The package follows no
// symbolic link at the names it writes.
package oftpfile
