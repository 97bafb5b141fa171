// Package oftp is the ODETTE File Transfer Protocol, versions 1.2, 1.3, 1.4 and
// 2.0 (RFC 5024, RFC 2204), over TCP and TLS: a [Server] for gateways, and a
// [Client] that is the same engine as initiator.
//
// A server needs its identification codes and a decision about who may log in:
//
//	srv := oftp.NewServer()
//	srv.ServerSSIDCode, srv.ServerSFIDCode = "O0055SERVER", "O0055SERVER"
//	srv.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) {
//		e.Accept = e.ClientSSIDCode == "O0055PARTNER" && e.ClientPassword == "SECRET"
//		e.Connection.SetDownloadDirectory("inbox")
//	}
//	err := srv.StartListening()
//
// # Who speaks
//
// At any moment one side of a session is the Speaker, and may send files and
// receipts; the other is the Listener. The client begins. When it hands the turn
// over, the server sends the receipts it owes and then fires ReadyToSend: from
// there until [Server.Logoff] or [Server.ChangeDirection] it may send files,
// from the handler or from any goroutine.
//
// # When a file is safe
//
// A received file is written under a hidden name, synced, and moved to its name
// in one step before the partner hears that it arrived (EFPA). EndTransfer fires
// after that, and the receipt (EERP) goes out at the next turn, in this session
// or a later one.
//
// # What is not there yet
//
// File security by CMS (signing, encrypting, compressing), secure
// authentication, signed receipts and the exchange of certificates: settings
// and methods that need it answer with code 10045, and a partner's file that
// needs it is refused with the reason that the RFC has for it.
package oftp
