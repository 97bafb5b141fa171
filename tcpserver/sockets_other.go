//go:build !linux

package tcpserver

import "net"

// bequeath does nothing: sockets are accepted by package net, and set one by one.
func (sockets) bequeath(*net.TCPListener) error { return nil }

func (sockets) setDescriptor(int) error { return nil }
