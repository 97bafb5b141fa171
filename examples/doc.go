// Package examples holds no code, but the tests of the programs in its folders,
// run together as their users run them:
//
//   - quickstart shows a session with everything in it, in one command;
//   - oftpserver receives files of partners and sends them what is queued;
//   - oftpclient delivers files from scripts, and waits for their receipts.
package examples
