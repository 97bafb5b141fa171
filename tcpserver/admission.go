package tcpserver

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"path"
	"strings"
	"sync"
	"time"
	"unicode"
)

// How long the addresses of a host name are remembered, and how long a client
// at the door waits for them.
const (
	hostNameLife  = time.Minute
	hostNameLimit = 5 * time.Second
)

// A clientList is the value of AllowedClients or BlockedClients.
type clientList struct {
	text  string
	rules []clientRule
}

// A clientRule matches addresses in exactly one of three ways.
type clientRule struct {
	prefix  netip.Prefix // an address is a prefix of full length
	pattern string       // wildcards over the address as text
	host    string       // a name, resolved when a client comes
}

func parseClients(text string) (clientList, error) {
	list := clientList{text: text}
	for item := range strings.SplitSeq(text, ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		rule, err := parseClientRule(item)
		if err != nil {
			return clientList{}, err
		}
		list.rules = append(list.rules, rule)
	}
	return list, nil
}

func parseClientRule(item string) (clientRule, error) {
	if addr, err := netip.ParseAddr(item); err == nil {
		addr = addr.Unmap().WithZone("")
		return clientRule{prefix: netip.PrefixFrom(addr, addr.BitLen())}, nil
	}
	if prefix, err := netip.ParsePrefix(item); err == nil {
		return clientRule{prefix: unmap(prefix).Masked()}, nil
	}
	if strings.ContainsAny(item, "*?") {
		// Names cannot have wildcards: only a reverse lookup could tell, and
		// that answers what the client's own name server wants.
		if strings.Trim(strings.ToLower(item), "0123456789abcdef.:*?") != "" {
			return clientRule{}, fmt.Errorf("%q: wildcards match addresses, not host names", item)
		}
		return clientRule{pattern: strings.ToLower(item)}, nil
	}
	if strings.ContainsFunc(item, notInName) || strings.Trim(item, "0123456789.") == "" {
		return clientRule{}, fmt.Errorf("%q is no address, prefix, wildcard or host name", item)
	}
	return clientRule{host: item}, nil
}

// notInName tells what host names are not made of; letters may be of any
// script.
func notInName(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(".-_", r)
}

// unmap turns a prefix of IPv4-mapped addresses (RFC 4291, section 2.5.5.2) into
// one of IPv4, as which clients of both families are compared.
func unmap(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p
}

// matches reports whether the list names the address.
func (l clientList) matches(addr netip.Addr, hosts *hostNames) bool {
	for _, rule := range l.rules {
		if rule.matches(addr, hosts) {
			return true
		}
	}
	return false
}

func (r clientRule) matches(addr netip.Addr, hosts *hostNames) bool {
	switch {
	case r.prefix.IsValid():
		return r.prefix.Contains(addr)
	case r.pattern != "" && !addr.IsValid():
		return r.pattern == "*"
	case r.pattern != "":
		ok, _ := path.Match(r.pattern, addr.String())
		return ok
	}
	for _, a := range hosts.addresses(r.host) {
		if a == addr {
			return true
		}
	}
	return false
}

// hostNames resolves names forward and remembers the answers.
type hostNames struct {
	resolve func(ctx context.Context, host string) ([]netip.Addr, error)

	mu    sync.Mutex // guards known
	known map[string]hostEntry
}

type hostEntry struct {
	addrs []netip.Addr
	until time.Time
}

func newHostNames() *hostNames {
	return &hostNames{
		known: make(map[string]hostEntry),
		resolve: func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		},
	}
}

// addresses returns what the name stands for. When it cannot be resolved now,
// the last answer stands; without one the name matches nobody.
func (h *hostNames) addresses(host string) []netip.Addr {
	now := time.Now()
	h.mu.Lock()
	entry := h.known[host]
	h.mu.Unlock()
	if now.Before(entry.until) {
		return entry.addrs
	}
	ctx, cancel := context.WithTimeout(context.Background(), hostNameLimit)
	defer cancel()
	addrs, err := h.resolve(ctx, host)
	if err == nil {
		entry.addrs = make([]netip.Addr, len(addrs))
		for i, a := range addrs {
			entry.addrs[i] = a.Unmap()
		}
	}
	entry.until = now.Add(hostNameLife)
	h.mu.Lock()
	h.known[host] = entry
	h.mu.Unlock()
	return entry.addrs
}

// admits says what the lists of clients say of an address. An address that
// cannot be told, as an injected listener may have, is matched by * alone.
func (v *values) admits(addr netip.Addr, hosts *hostNames) bool {
	return v.allowed.matches(addr, hosts) && !v.blocked.matches(addr, hosts)
}

// remoteOf returns the address and port of the other end.
func remoteOf(nc net.Conn) netip.AddrPort { return addrPort(nc.RemoteAddr()) }

func addrPort(a net.Addr) netip.AddrPort {
	if tcp, ok := a.(*net.TCPAddr); ok {
		ap := tcp.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap().WithZone(""), ap.Port())
	}
	return netip.AddrPort{}
}
