package main

import (
	"log"
	"net"

	"github.com/panjf2000/gnet/v2"
)

// gnetEcho is gnet's own way to echo: on its event loops, without goroutines.
type gnetEcho struct {
	gnet.BuiltinEventEngine
	booted chan struct{}
}

// OnBoot tells that the server listens.
func (e *gnetEcho) OnBoot(gnet.Engine) gnet.Action {
	close(e.booted)
	return gnet.None
}

// OnTraffic sends back what has come.
func (*gnetEcho) OnTraffic(c gnet.Conn) gnet.Action {
	buf, err := c.Next(-1)
	if err != nil {
		return gnet.Close
	}
	if _, err := c.Write(buf); err != nil {
		return gnet.Close
	}
	return gnet.None
}

func serveGnet(listen string) (string, error) {
	addr, err := freeAddr(listen)
	if err != nil {
		return "", err
	}
	echo := &gnetEcho{booted: make(chan struct{})}
	failed := make(chan error, 1)
	go func() {
		failed <- gnet.Run(echo, "tcp://"+addr, gnet.WithMulticore(true), gnet.WithLogger(onlyErrors{}))
	}()
	select {
	case <-echo.booted:
		return addr, nil
	case err := <-failed:
		return "", err
	}
}

// freeAddr chooses the port, because gnet does not tell which one it got.
func freeAddr(listen string) (string, error) {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// onlyErrors keeps gnet's reports off standard output, where the answers to the
// parent go.
type onlyErrors struct{}

func (onlyErrors) Debugf(string, ...any)             {}
func (onlyErrors) Infof(string, ...any)              {}
func (onlyErrors) Warnf(string, ...any)              {}
func (onlyErrors) Errorf(format string, args ...any) { log.Printf(format, args...) }
func (onlyErrors) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }
