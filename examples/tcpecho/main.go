// Tcpecho sends back whatever it gets, in the clear and over TLS.
//
//	tcpecho -listen 127.0.0.1:7000
//	nc 127.0.0.1 7000
//
// TLS needs a certificate. For a trial, openssl makes one that is its own CA:
//
//	openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key.pem -out cert.pem
//	tcpecho -tls-listen 127.0.0.1:7001 -cert cert.pem -key key.pem
//	openssl s_client -connect 127.0.0.1:7001 -CAfile cert.pem -quiet
//
// With -config, settings of docs/settings.md apply to both ports:
//
//	tcpecho -listen :7000 -config MaxConnections=50000 -config AllowedClients=10.0.0.0/8
//
// It prints "listening HOST:PORT" for each port when it is ready. After SIGTERM
// or an interrupt it lets nobody in, and ends when the last client has left, in
// ten seconds at the latest; a second signal ends it at once.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/ediport/ediport/certstore"
	"github.com/ediport/ediport/tcpserver"
)

const (
	patience = time.Minute      // for a client that does not read what comes back
	grace    = 10 * time.Second // for clients to leave
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "tcpecho:", err)
		os.Exit(1)
	}
}

func run() error {
	plain, secure := newServer(), newServer()
	secure.SSLEnabled = true

	listen := flag.String("listen", "", "`HOST:PORT` for TCP; port 0 is any free one")
	tlsListen := flag.String("tls-listen", "", "`HOST:PORT` for TLS; needs -cert and -key")
	cert := flag.String("cert", "", "certificate for TLS and its chain, a PEM `FILE`")
	key := flag.String("key", "", "the private key of -cert, a PEM `FILE`")
	flag.Func("config", "a setting of the library, `NAME=VALUE`, as in docs/settings.md; repeatable", func(text string) error {
		return configure(text, plain, secure)
	})
	flag.Parse()
	if *listen == "" && *tlsListen == "" {
		return errors.New("-listen or -tls-listen is needed: see -h")
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *listen != "" {
		if err := start(plain, *listen); err != nil {
			return err
		}
	}
	if *tlsListen != "" {
		var err error
		if secure.SSLCert, err = loadPair(*cert, *key); err != nil {
			return fmt.Errorf("-cert and -key: %w", err)
		}
		if err := start(secure, *tlsListen); err != nil {
			return err
		}
	}
	<-ctx.Done()
	stop() // the next signal is not caught
	return finish(plain, secure)
}

func newServer() *tcpserver.Server {
	srv := tcpserver.NewServer()
	// Send waits until the client has taken all. Only its own connection waits
	// with it: nothing more is read there, so that the client has to wait, too.
	srv.DefaultTimeout = patience
	srv.OnConnected = func(e *tcpserver.ConnectedEvent) {
		slog.Info("connected", "id", e.ConnectionID, "remote", e.Connection.RemoteHost(), "code", e.StatusCode, "status", e.Description)
	}
	srv.OnDataIn = func(e *tcpserver.DataInEvent) {
		if _, err := e.Connection.Send(e.TextB); err != nil {
			slog.Warn("echo failed", "id", e.ConnectionID, "error", err)
			e.Connection.Disconnect() // an echo with a gap would be none
		}
	}
	srv.OnDisconnected = func(e *tcpserver.DisconnectedEvent) {
		slog.Info("disconnected", "id", e.ConnectionID, "code", e.StatusCode, "status", e.Description)
	}
	srv.OnError = func(e *tcpserver.ErrorEvent) {
		slog.Error("error", "id", e.ConnectionID, "code", e.ErrorCode, "error", e.Description)
	}
	return srv
}

// configure changes a setting of all servers.
func configure(text string, servers ...*tcpserver.Server) error {
	if !strings.Contains(text, "=") {
		return errors.New("use NAME=VALUE") // a name alone would only read it
	}
	for _, srv := range servers {
		if _, err := srv.Config(text); err != nil {
			return err
		}
	}
	return nil
}

// loadPair reads a certificate and its private key from two PEM files.
func loadPair(certFile, keyFile string) (*certstore.Certificate, error) {
	cert, err := os.ReadFile(certFile)
	if err != nil {
		return nil, err
	}
	key, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, err
	}
	return certstore.OpenBytes(certstore.StorePEMKeyBlob, slices.Concat(cert, []byte("\n"), key), "", "*")
}

// start makes the server listen. Without a host it listens on all addresses.
func start(srv *tcpserver.Server, address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	srv.LocalHost = host
	if srv.LocalPort, err = strconv.Atoi(port); err != nil {
		return err
	}
	if err := srv.StartListening(); err != nil {
		return err
	}
	fmt.Println("listening", srv.Addr())
	return nil
}

// finish waits until the clients have left, and then disconnects those that
// have not.
func finish(servers ...*tcpserver.Server) error {
	slog.Info("shutting down", "limit", grace)
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	for _, srv := range servers {
		srv.StopListening()
	}
	for _, srv := range servers {
		if err := srv.ShutdownContext(ctx); err != nil {
			slog.Warn("some clients were still there", "error", err)
		}
	}
	return nil
}
