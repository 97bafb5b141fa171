// Package examples holds no code, but the tests of the programs in its folders,
// run together as their users run them:
//
//   - quickstart shows a session with everything in it, in one command;
//   - oftpserver receives files of partners and sends them what is queued;
//   - oftpclient delivers files from scripts, and waits for their receipts;
//   - tcpecho sends back what it gets, in the clear and over TLS;
//   - linechat is a chat by lines, in which a slow reader holds up nobody;
//   - certview prints what is in a store of certificates and keys.
package examples
