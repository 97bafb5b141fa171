package proxyhead

import (
	"bufio"
	"bytes"
	"net"
	"net/netip"

	"github.com/pires/go-proxyproto"
)

// parse makes a Header of its octets, which are complete.
func parse(raw []byte) (Header, error) {
	if isUnspecified(raw) {
		return Header{}, nil
	}
	// All of version 1 has to be in the buffer at once: the module takes a line
	// in pieces for an attack. Those pieces have come together in receive.
	h, err := proxyproto.Read(bufio.NewReaderSize(bytes.NewReader(raw), longestLine+1))
	if err != nil {
		return Header{}, err
	}
	source, destination, ok := h.TCPAddrs()
	if !ok || h.Command.IsLocal() {
		return Header{}, nil
	}
	return Header{Known: true, Source: addrPort(source), Destination: addrPort(destination)}, nil
}

// isUnspecified reports whether raw is the UNSPEC of version 2 with the command
// PROXY. Every receiver must take it (section 2.2), but the module refuses it.
func isUnspecified(raw []byte) bool {
	return isVersion2(raw) && raw[12] == byte(proxyproto.PROXY) && raw[13] == byte(proxyproto.UNSPEC)
}

func addrPort(a *net.TCPAddr) netip.AddrPort {
	ap := a.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
