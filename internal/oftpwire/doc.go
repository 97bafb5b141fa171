// Package oftpwire is the ODETTE File Transfer Protocol as octets: the commands
// of RFC 5024 section 5.3 in the layouts of all four release levels, the data
// exchange buffers of section 7, and the stream transmission header of section
// 8. It does no I/O and keeps no state; what a command means in a session is
// decided elsewhere.
//
// Each command is a struct, and each has one layout function that lists its
// fields in the order of the RFC's table. Reading and writing both follow that
// list, so the two cannot drift apart. The older levels are those of RFC 2204
// (1.2 and 1.3); release 1.4 was never published as an RFC and stands between
// the two: dates with a century, times with a counter, all other widths as in 1.3.
//
// [Parse] is liberal where peers in the field are sloppy and strict elsewhere;
// Append sends nothing that the RFC does not allow. Whatever either refuses comes
// back as an [Error] with the reason code that an End Session command would carry.
package oftpwire
