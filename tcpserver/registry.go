package tcpserver

import (
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// shards is how many parts the registry has, so that connections that come and
// go at once seldom meet at a lock.
const shards = 64

// A registry knows the connections of a core.
type registry struct {
	lastID   atomic.Uint64
	admitted atomic.Int64 // connections accepted and not yet gone
	byID     [shards]shard
	byClient [shards]clientShard
}

type shard struct {
	mu    sync.Mutex // guards conns
	conns map[uint64]*Conn
}

type clientShard struct {
	mu     sync.Mutex // guards counts
	counts map[netip.Addr]int
}

func (g *registry) shard(serial uint64) *shard { return &g.byID[serial%shards] }

// add makes the connection known, unless its run has been stopped: whoever
// stops a run finds each of its connections here, or it never lives.
func (g *registry) add(c *Conn) bool {
	s := g.shard(c.serial)
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.run.isStopped() {
		return false
	}
	if s.conns == nil {
		s.conns = make(map[uint64]*Conn)
	}
	s.conns[c.serial] = c
	return true
}

func (g *registry) remove(c *Conn) {
	s := g.shard(c.serial)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c.serial)
	if len(s.conns) == 0 {
		s.conns = nil // a map never gets smaller
	}
}

// find returns the connection of that ConnectionID.
func (g *registry) find(id string) (*Conn, bool) {
	serial, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return nil, false
	}
	s := g.shard(serial)
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.conns[serial]
	return c, ok && c.id == id
}

// each calls visit for every connection there is, one shard after the other;
// no lock is held then. The room may be used again for the next call.
func (g *registry) each(room []*Conn, visit func(*Conn)) []*Conn {
	for i := range g.byID {
		room = g.byID[i].list(room[:0])
		for _, c := range room {
			visit(c)
		}
	}
	clear(room)
	return room
}

func (s *shard) list(room []*Conn) []*Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		room = append(room, c)
	}
	return room
}

// enter counts a connection that has been accepted; false when there are too
// many. Each one that entered leaves.
func (g *registry) enter(limit int) bool {
	if g.admitted.Add(1) > int64(limit) {
		g.admitted.Add(-1)
		return false
	}
	return true
}

// enterClient counts a connection of a client; false when it has too many, with
// 0 for no limit. Each one that entered leaves.
func (g *registry) enterClient(addr netip.Addr, limit int) bool {
	client := subscriber(addr)
	s := g.clientShard(client)
	s.mu.Lock()
	defer s.mu.Unlock()
	if limit > 0 && client.IsValid() && s.counts[client] >= limit {
		return false
	}
	if s.counts == nil {
		s.counts = make(map[netip.Addr]int)
	}
	s.counts[client]++
	return true
}

func (g *registry) leaveClient(addr netip.Addr) {
	client := subscriber(addr)
	s := g.clientShard(client)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counts[client]--; s.counts[client] == 0 {
		delete(s.counts, client)
	}
}

func (g *registry) clientShard(addr netip.Addr) *clientShard {
	b := addr.As16() // of an IPv6 client the network counts, of an IPv4 client all
	return &g.byClient[(uint(b[7])^uint(b[5])^uint(b[14])^uint(b[15]))%shards]
}

// sweepEvery is how often connections are looked at for limits that have
// passed.
const sweepEvery = time.Second

// sweep looks at every connection once a second until it is told to end.
func (core *Core) sweep(end <-chan struct{}) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	var room []*Conn
	for {
		select {
		case now := <-ticker.C:
			room = core.conns.each(room, func(c *Conn) { c.sweep(now) })
		case <-end:
			return
		}
	}
}
