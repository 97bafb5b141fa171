package main

import (
	"crypto/tls"
	"net"
)

// bareBuffer is what each connection of the bare loop reads into.
const bareBuffer = 4 << 10

// serveBare is what everybody writes first: a goroutine and a buffer for each
// connection.
func serveBare(listen string) (string, error) {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return "", err
	}
	go acceptBare(l)
	return l.Addr().String(), nil
}

func serveBareTLS(listen string) (string, error) {
	pair, err := newPair()
	if err != nil {
		return "", err
	}
	cert, err := tls.X509KeyPair(pair.cert, pair.key)
	if err != nil {
		return "", err
	}
	l, err := tls.Listen("tcp", listen, &tls.Config{Certificates: []tls.Certificate{cert}})
	if err != nil {
		return "", err
	}
	go acceptBare(l)
	return l.Addr().String(), nil
}

func acceptBare(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go echoBare(c)
	}
}

func echoBare(c net.Conn) {
	defer c.Close()
	buf := make([]byte, bareBuffer)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		if _, err := c.Write(buf[:n]); err != nil {
			return
		}
	}
}
