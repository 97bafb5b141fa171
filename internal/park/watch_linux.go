package park

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	maxSets   = 4   // more watchers than this only steal from one another
	maxEvents = 128 // events that one system call brings
	looks     = 4   // how often a busy set looks before it sleeps; one was slower, none much slower
)

// watched is what every descriptor is registered for, once and for all.
const watched = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET

// What of an event concerns which side: errors and a connection that is over in
// both directions concern both.
const (
	ended    = unix.EPOLLRDHUP | unix.EPOLLHUP | unix.EPOLLERR
	inEvent  = unix.EPOLLIN | ended
	outEvent = unix.EPOLLOUT | unix.EPOLLHUP | unix.EPOLLERR
)

// A watch is what an open lot has: some epoll sets with a goroutine each.
type watch struct {
	lot   *Lot
	sets  []*set
	turn  atomic.Uint32 // whose turn it is to get a connection
	conns table
}

// A set is one epoll set. Its goroutine closes its descriptors when it ends.
type set struct {
	*watch
	epoll int
	quit  int // an eventfd
}

func startWatch(l *Lot) (*watch, error) {
	w := &watch{lot: l}
	for range min(runtime.GOMAXPROCS(0), maxSets) {
		s, err := newSet(w)
		if err != nil {
			w.stop()
			return nil, fmt.Errorf("park: cannot watch connections: %w", err)
		}
		w.sets = append(w.sets, s)
		go s.run()
	}
	return w, nil
}

func newSet(w *watch) (*set, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	quit, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, errors.Join(err, unix.Close(epoll))
	}
	s := &set{watch: w, epoll: epoll, quit: quit}
	if err := s.control(unix.EPOLL_CTL_ADD, quit, unix.EPOLLIN); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// stop ends the goroutines. Nothing may be parked any more.
func (w *watch) stop() {
	for _, s := range w.sets {
		// Any number but 0 will do, so the byte order does not matter.
		_, _ = unix.Write(s.quit, []byte{1, 0, 0, 0, 0, 0, 0, 1})
	}
}

// next returns the set for one more connection.
func (w *watch) next() *set { return w.sets[w.turn.Add(1)%uint32(len(w.sets))] }

func (s *set) control(op, fd int, events uint32) error {
	return unix.EpollCtl(s.epoll, op, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)})
}

func (s *set) close() {
	_ = unix.Close(s.epoll)
	_ = unix.Close(s.quit)
}

func (s *set) run() {
	defer s.close()
	events := make([]unix.EpollEvent, maxEvents)
	for n := 0; ; {
		n = s.wait(events, n > 0)
		for _, e := range events[:n] {
			if int(e.Fd) == s.quit {
				return
			}
			// Of a descriptor that was closed and given out again this may be
			// an old event: its new connection is told for nothing.
			if c := s.conns.get(int(e.Fd)); c != nil {
				c.event(e.Events)
			}
		}
	}
}

// wait returns the next events. While there is traffic it first lets the goroutines
// run that the last events woke, and looks whether more has come, by a system
// call that the scheduler does not notice: it would otherwise have to find
// the processor other work and, a few microseconds later, take it back.
func (s *set) wait(events []unix.EpollEvent, busy bool) int {
	if busy {
		for range looks {
			runtime.Gosched()
			if n := s.poll(events); n > 0 {
				return n
			}
		}
	}
	n, err := unix.EpollWait(s.epoll, events, -1)
	if err != nil { // interrupted
		return 0
	}
	return n
}

// poll returns the events there are, without waiting.
func (s *set) poll(events []unix.EpollEvent) int {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(s.epoll),
		uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), 0, 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}
