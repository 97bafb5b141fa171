//go:build !linux

package park

import (
	"errors"
	"net"
)

// A watch is empty where every connection has a goroutine.
type watch struct{}

func startWatch(*Lot) (*watch, error) { return new(watch), nil }

func (*watch) stop() {}

// Listen returns ln: nothing can be spared here.
func (*Lot) Listen(ln *net.TCPListener) (net.Listener, error) { return ln, nil }

func (*Lot) parkDescriptor(net.Conn, Owner) (Conn, error) { return nil, errors.ErrUnsupported }
