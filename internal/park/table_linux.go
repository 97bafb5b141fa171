package park

import (
	"sync"
	"sync/atomic"
)

const pageSize = 1024

// A table leads from descriptors to their connections. Looking up takes no
// lock: the pages stay where they are when the directory grows.
type table struct {
	pages atomic.Pointer[[]*page]
	grow  sync.Mutex
}

type page [pageSize]atomic.Pointer[conn]

// get returns nil for a descriptor that is not parked.
func (t *table) get(fd int) *conn {
	if s := t.slot(fd); s != nil {
		return s.Load()
	}
	return nil
}

// set makes c the connection of fd; nil forgets it.
func (t *table) set(fd int, c *conn) {
	s := t.slot(fd)
	if s == nil {
		t.reach(fd)
		s = t.slot(fd)
	}
	s.Store(c)
}

func (t *table) slot(fd int) *atomic.Pointer[conn] {
	pages := t.pages.Load()
	if pages == nil || fd/pageSize >= len(*pages) {
		return nil
	}
	return &(*pages)[fd/pageSize][fd%pageSize]
}

// reach adds pages until there is one for fd.
func (t *table) reach(fd int) {
	t.grow.Lock()
	defer t.grow.Unlock()
	var pages []*page
	if old := t.pages.Load(); old != nil {
		pages = append(pages, *old...)
	}
	for len(pages) <= fd/pageSize {
		pages = append(pages, new(page))
	}
	t.pages.Store(&pages)
}
