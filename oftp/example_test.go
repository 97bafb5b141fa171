package oftp_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/ediport/ediport/oftp"
)

// A partner delivers a file and waits for its receipt.
func Example() {
	dir, err := os.MkdirTemp("", "oftp")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	srv := oftp.NewServer()
	srv.LocalHost, srv.LocalPort = "127.0.0.1", 0
	srv.ServerSSIDCode, srv.ServerSFIDCode = "O0055SERVER", "O0055SERVER"
	srv.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) {
		e.Accept = e.ClientSSIDCode == "O0055PARTNER" && e.ClientPassword == "SECRET"
		e.Connection.SetDownloadDirectory(filepath.Join(dir, "inbox"))
	}
	if err := srv.StartListening(); err != nil {
		log.Fatal(err)
	}
	defer srv.ShutdownContext(context.Background())

	orders := filepath.Join(dir, "orders.edi")
	if err := os.WriteFile(orders, []byte("UNH+1+DELFOR:D:96A:UN'"), 0o600); err != nil {
		log.Fatal(err)
	}

	c := oftp.NewClient()
	c.RemoteHost, c.RemotePort = "127.0.0.1", srv.LocalPort
	c.ClientSSIDCode, c.ClientPassword = "O0055PARTNER", "SECRET"
	c.OnEndResponse = func(e *oftp.EndResponseEvent) {
		fmt.Println("receipt for", e.VirtualFileName, "reason", e.ReasonCode)
	}
	if err := c.Logon(context.Background()); err != nil {
		log.Fatal(err)
	}
	if err := c.SendFile("", orders, "ORDERS"); err != nil {
		log.Fatal(err)
	}
	if err := c.Logoff(); err != nil {
		log.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(dir, "inbox", "ORDERS"))
	fmt.Printf("%s %v\n", content, err)
	// Output:
	// receipt for ORDERS reason 0
	// UNH+1+DELFOR:D:96A:UN' <nil>
}
