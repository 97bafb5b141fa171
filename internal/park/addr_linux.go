package park

import (
	"net"
	"net/netip"
	"unique"
)

// A place is what the connections of one listener have in common, or the two
// names of a unix socket.
type place struct {
	network      string
	local        netip.AddrPort
	name, remote string
}

// tcpPlace is where connections to a local address are.
func tcpPlace(local netip.AddrPort) unique.Handle[place] {
	return unique.Make(place{network: "tcp", local: local})
}

func (c *conn) setAddrs(local, remote net.Addr) {
	p := place{network: "unix"}
	if a, ok := local.(*net.TCPAddr); ok {
		p.network, p.local = "tcp", unmapped(a)
	} else if local != nil {
		p.name = local.String()
	}
	if a, ok := remote.(*net.TCPAddr); ok {
		c.remote = unmapped(a)
	} else if remote != nil {
		p.remote = remote.String()
	}
	c.place = unique.Make(p)
}

func unmapped(a *net.TCPAddr) netip.AddrPort {
	ap := a.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

func (c *conn) LocalAddr() net.Addr {
	p := c.place.Value()
	if p.network == "unix" {
		return &net.UnixAddr{Name: p.name, Net: p.network}
	}
	return net.TCPAddrFromAddrPort(p.local)
}

func (c *conn) RemoteAddr() net.Addr {
	p := c.place.Value()
	if p.network == "unix" {
		return &net.UnixAddr{Name: p.remote, Net: p.network}
	}
	return net.TCPAddrFromAddrPort(c.remote)
}
