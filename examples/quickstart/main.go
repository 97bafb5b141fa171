// Quickstart shows OFTP at work in one command, with no arguments:
//
//	go run ./examples/quickstart
//
// A server listens on the loopback interface. A client logs on, delivers a
// delivery forecast, a drawing of 20 MiB, and another forecast under the same
// name; then it fetches a file back. What goes over the wire is printed, and all
// files are compared.
package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/ediport/ediport/examples/internal/trail"
	"github.com/ediport/ediport/oftp"
)

// Each party has an identification code, and both know both passwords.
const (
	carMaker, carMakerPassword = "O0013CARMAKER", "WHEELS"
	supplier, supplierPassword = "O0013SUPPLIER", "DOORS"
)

//go:embed delfor.edi
var delfor []byte

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	dir, err := os.MkdirTemp("", "oftp-quickstart-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	forecast, drawing := filepath.Join(dir, "delfor.edi"), filepath.Join(dir, "drawing.model")
	if err := errors.Join(os.WriteFile(forecast, delfor, 0o600), generate(drawing, 20<<20)); err != nil {
		return err
	}

	srv, received := newServer(filepath.Join(dir, "server-inbox"))
	c, fetched, receipts := newClient(filepath.Join(dir, "client-inbox"), out)
	// Received files are named by a pattern. With the stamp that tells one file
	// of a name from the next, and a GUID, no two of them collide.
	_, err = srv.Config("ReceivedFileNameFormat=%VirtualFileName%_%VirtualFileDate:yyyyMMddHHmmssffff%_%GUID%")
	_, asText := c.Config(trail.Setting) // the trail is to be read by people
	if err := errors.Join(err, asText); err != nil {
		return err
	}
	if err := srv.StartListening(); err != nil {
		return err
	}
	defer srv.Shutdown()
	fmt.Fprintf(out, "The server listens on %v. The protocol trail:\n\n", srv.Addr())

	// Logon connects, exchanges codes and passwords, and agrees on version,
	// buffer size, credit, compression and restart.
	c.RemoteHost, c.RemotePort = "127.0.0.1", srv.LocalPort
	if err := c.Logon(ctx); err != nil {
		return err
	}
	// SendFile returns when the partner has confirmed that the file is on its
	// disk. Whenever the partner asks for the turn, to send a receipt, it gets it.
	for _, f := range []struct{ path, name string }{{forecast, "DELFOR"}, {drawing, "BODY-SIDE-LH"}, {forecast, "DELFOR"}} {
		if err := c.SendFile(supplier, f.path, f.name); err != nil {
			return err
		}
	}
	// Logoff hands the turn over as often as the server uses it: what it has for
	// us, receipts and files, arrives before the session ends.
	if err := c.Logoff(); err != nil {
		return err
	}
	// ShutdownContext lets sessions finish what is under way.
	if err := srv.ShutdownContext(ctx); err != nil {
		return err
	}
	return report(out, []string{forecast, drawing, forecast, drawing}, append(*received, *fetched...), *receipts)
}

// newServer returns the supplier's server, and the list of files that it will
// have received.
func newServer(inbox string) (*oftp.Server, *[]string) {
	srv := oftp.NewServer()
	srv.LocalHost, srv.LocalPort = "127.0.0.1", 0 // 0: any free port
	srv.ServerSSIDCode, srv.ServerSFIDCode, srv.ServerPassword = supplier, supplier, supplierPassword

	// Nobody gets in unless this event says so, and without a folder no file is
	// taken.
	srv.OnAcceptConnection = func(e *oftp.AcceptConnectionEvent) {
		e.Accept = e.ClientSSIDCode == carMaker && e.ClientPassword == carMakerPassword
		e.Connection.SetDownloadDirectory(inbox)
	}
	// EndTransfer comes when a file is complete and safe on disk. Its receipt
	// goes out by itself at the next turn.
	received, answers := new([]string), make(chan string, 1)
	srv.OnEndTransfer = func(e *oftp.EndTransferEvent) {
		if e.Direction != oftp.FromClient || e.ReasonCode != 0 {
			return
		}
		*received = append(*received, e.LocalFile)
		if e.VirtualFileName == "BODY-SIDE-LH" {
			answers <- e.LocalFile
		}
	}
	// ReadyToSend comes with each turn of the server: here it may send files.
	srv.OnReadyToSend = func(e *oftp.ReadyToSendEvent) {
		select {
		case path := <-answers:
			_ = e.Connection.SendFile(carMaker, path, "BODY-SIDE-LH-CHECKED") // a failure shows in the comparison
		default:
		}
		_ = e.Connection.Logoff() // nothing more to send: the turn goes back
	}
	return srv, received
}

// newClient returns the car maker's client, and the lists of files and receipts
// that it will have received.
func newClient(inbox string, out io.Writer) (c *oftp.Client, fetched, receipts *[]string) {
	c = oftp.NewClient()
	c.ClientSSIDCode, c.ClientPassword = carMaker, carMakerPassword
	c.ServerSSIDCode, c.ServerPassword = supplier, supplierPassword // what the server must prove
	c.DownloadDirectory = inbox

	fetched, receipts = new([]string), new([]string)
	c.OnPITrail = trail.New(out).Event
	c.OnEndTransfer = func(e *oftp.EndTransferEvent) {
		if e.Direction == oftp.FromServer && e.ReasonCode == 0 {
			*fetched = append(*fetched, e.LocalFile)
		}
	}
	c.OnEndResponse = func(e *oftp.EndResponseEvent) {
		if e.ReasonCode == 0 {
			*receipts = append(*receipts, e.VirtualFileName+" of "+e.VirtualFileDate)
		}
	}
	return c, fetched, receipts
}
