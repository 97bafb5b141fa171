// Package proxyhead reads the header that a load balancer puts in front of a
// connection, so that the server learns who the client is. It is the PROXY
// protocol, version 1 (a line of text) and version 2 (binary), as HAProxy's
// proxy-protocol.txt defines it.
//
// Whoever can reach the port can write such a header and claim any address, so
// headers are to be read from load balancers only.
package proxyhead

import (
	"net"
	"net/netip"
	"time"
)

// Header says who the client is, as the load balancer saw it.
type Header struct {
	// Known is false when the header speaks of no client that TCP/IP could
	// reach: a health check of the load balancer itself (LOCAL), a protocol
	// that it could not name (UNKNOWN, UNSPEC), a datagram or a Unix socket.
	// The connection's own addresses count then (sections 2.1 and 2.2).
	Known bool

	// Source is the client's address and port, Destination what the client
	// connected to. An IPv4 address in IPv6 form has become an IPv4 address.
	// Both are zero unless Known.
	Source, Destination netip.AddrPort
}

// Read reads the header off a connection that has just been accepted, and
// nothing behind it. The header has to be complete within limit; 0 is no limit.
// Read sets the connection's read deadline for that, and clears it at the end.
//
// Errors are trap.Errors with code 10060 when the time is over, 10022 when
// what came is no PROXY header, and otherwise the code of the connection's end:
// 10054 when the peer closed or reset it, 10053 when this side closed it. How
// many octets have been read after an error is not defined: close the
// connection.
func Read(nc net.Conn, limit time.Duration) (Header, error) {
	if limit != 0 {
		if err := nc.SetReadDeadline(time.Now().Add(limit)); err != nil {
			return Header{}, ended(nc, nil, err)
		}
		// Where clearing fails the connection is closed, as the next read says.
		defer nc.SetReadDeadline(time.Time{})
	}
	raw, err := receive(nc)
	if err != nil {
		return Header{}, ended(nc, raw, err)
	}
	h, err := parse(raw)
	if err != nil {
		return Header{}, refused(nc, raw, err)
	}
	return h, nil
}
