// Package oftpstate is the protocol state machine of ODETTE-FTP, section 9 of
// RFC 5024: events in, actions out. It does no I/O, has no clock, and knows
// neither files nor octets, so a session is tested without a socket.
//
// A [Machine] is one end of one session, as initiator or responder, and takes
// both roles of the file phase, speaker and listener. Its owner turns whatever
// happens (a command from the peer, a wish of the application, an expired
// timer) into an [Input] and carries out the [Step] that comes back, in order.
//
// Each of the five table files holds one subsection of the RFC: the state table
// as rows of transition letters in the RFC's column order, then the transition
// table under the same letters, then its predicates and actions:
//
//	table_connection.go  9.8   Session Connection
//	table_abort.go       9.9   Error and Abort
//	table_speaker1.go    9.10  Speaker, table 1
//	table_speaker2.go    9.11  Speaker, table 2
//	table_listener.go    9.12  Listener
//
// Those tables are the RFC's and nothing else. What the RFC leaves open, and
// where live peers need more patience than it has, is laid over them by the
// rows of tolerated.go.
//
// Left out are the timer actions, since every accepted input restarts the
// owner's inactivity timer, and special logic, which RFC 5024 section 5.3.2
// excludes on TCP: the predicates about CRC and wrapping do not exist here, and
// a peer that offers it is answered "no".
package oftpstate
