package oftp_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/ediport/ediport/oftp"
)

// A server needs its codes and a decision about who may log in.
func ExampleServer() {
	inbox, err := os.MkdirTemp("", "inbox")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(inbox)

	srv := oftp.NewServer()
	srv.LocalHost, srv.LocalPort = "127.0.0.1", 0 // a partner expects 3305, or 6619 with TLS
	srv.ServerSSIDCode, srv.ServerSFIDCode, srv.ServerPassword = "O0055SERVER", "O0055SERVER", "SERVERPW"
	srv.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) {
		if e.ClientSSIDCode != "O0055PARTNER" || e.ClientPassword != "SECRET" {
			e.Accept, e.ErrorCode = false, 3 // user code not known
			return
		}
		e.Connection.SetDownloadDirectory(inbox)
	}
	srv.OnEndTransfer = func(e *oftp.EndTransferEvent) {
		log.Println("received", e.LocalFile, e.ReasonText)
	}
	if err := srv.StartListening(); err != nil {
		log.Fatal(err)
	}
	defer srv.Shutdown()
	fmt.Println("listening:", srv.Listening())
	// Output: listening: true
}

// A client says who it is, and what the server must prove itself with.
func ExampleClient() {
	c := oftp.NewClient()
	c.RemoteHost, c.RemotePort = "127.0.0.1", 1 // where nobody listens
	c.ClientSSIDCode, c.ClientPassword = "O0055PARTNER", "SECRET"
	c.ServerSSIDCode, c.ServerPassword = "O0055SERVER", "SERVERPW"
	if err := c.Logon(context.Background()); err != nil {
		fmt.Println("try again later")
		return
	}
	defer c.Disconnect()
	if err := c.SendFile("", "delfor.edi", "DELFOR"); err != nil {
		log.Fatal(err)
	}
	if err := c.Logoff(); err != nil {
		log.Fatal(err)
	}
	// Output: try again later
}

// A whole exchange: a file goes to the server, its receipt and another file
// come back.
func Example() {
	dir, err := os.MkdirTemp("", "oftp")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	forecast := filepath.Join(dir, "forecast.edi")
	if err := os.WriteFile(forecast, []byte("UNB+UNOA:2+SUPPLIER+MAKER'"), 0o600); err != nil {
		log.Fatal(err)
	}

	srv := oftp.NewServer()
	srv.LocalHost, srv.LocalPort = "127.0.0.1", 0
	srv.ServerSSIDCode, srv.ServerSFIDCode = "O0055MAKER", "O0055MAKER"
	srv.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) {
		e.Accept = e.ClientSSIDCode == "O0055SUPPLIER" && e.ClientPassword == "SECRET"
		e.Connection.SetDownloadDirectory(filepath.Join(dir, "server"))
	}
	answered := false
	srv.OnReadyToSend = func(e *oftp.ReadyToSendEvent) {
		if !answered {
			answered = e.Connection.SendFile("", forecast, "DELFOR") == nil
		}
		_ = e.Connection.Logoff() // there is nothing more
	}
	if err := srv.StartListening(); err != nil {
		log.Fatal(err)
	}
	defer srv.Shutdown()

	c := oftp.NewClient()
	c.RemoteHost, c.RemotePort = "127.0.0.1", srv.LocalPort
	c.ClientSSIDCode, c.ClientPassword = "O0055SUPPLIER", "SECRET"
	c.DownloadDirectory = filepath.Join(dir, "client")
	c.OnEndResponse = func(e *oftp.EndResponseEvent) {
		fmt.Println("receipt for", e.VirtualFileName, "from", e.Originator)
	}
	c.OnEndTransfer = func(e *oftp.EndTransferEvent) {
		if e.Direction == oftp.FromServer {
			fmt.Println("received", e.VirtualFileName, "of", e.FileSize, "octets from", e.Originator)
		}
	}
	if err := c.Logon(context.Background()); err != nil {
		log.Fatal(err)
	}
	if err := c.SendFile("", forecast, "INVOIC"); err != nil {
		log.Fatal(err)
	}
	if _, err := c.ReceiveFiles(); err != nil {
		log.Fatal(err)
	}
	if err := c.Logoff(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// receipt for INVOIC from O0055MAKER
	// received DELFOR of 26 octets from O0055MAKER
}
