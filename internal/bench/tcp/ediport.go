package main

import (
	"log"
	"net"
	"strconv"
	"time"

	"github.com/ediport/ediport/certstore"
	"github.com/ediport/ediport/tcpserver"
)

func serveEdiport(listen string) (string, error) {
	return startEdiport(listen, tcpserver.NewServer())
}

func serveEdiportTLS(listen string) (string, error) {
	pair, err := newPair()
	if err != nil {
		return "", err
	}
	srv := tcpserver.NewServer()
	srv.SSLEnabled = true
	srv.SSLCert, err = certstore.Open(certstore.StorePEMKeyBlob, string(pair.key)+string(pair.cert), "", "*")
	if err != nil {
		return "", err
	}
	return startEdiport(listen, srv)
}

// startEdiport makes an echo server of a tcpserver.Server.
func startEdiport(listen string, srv *tcpserver.Server) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", err
	}
	srv.LocalHost = host
	if srv.LocalPort, err = strconv.Atoi(port); err != nil {
		return "", err
	}
	// Without a timeout Send would take only what the socket has room for.
	srv.DefaultTimeout = time.Minute
	srv.OnDataIn = func(e *tcpserver.DataInEvent) {
		if _, err := e.Connection.Send(e.TextB); err != nil {
			log.Print(err)
		}
	}
	if _, err := srv.Config("MaxConnections=100000"); err != nil {
		return "", err
	}
	if err := srv.StartListening(); err != nil {
		return "", err
	}
	return srv.Addr().String(), nil
}
