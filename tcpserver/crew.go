package tcpserver

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// A crew are the goroutines that work on connections of push protocols. They take
// turns at a queue of those that have something to do. A handler may block, so
// whoever takes one first sees to it that somebody comes for the next
// one; as long as nobody blocks, few are needed. Some rest when the queue is
// empty: their stacks have grown already, and growing a stack costs as much as a short
// message.
type crew struct {
	turn    atomic.Uint32
	benches []bench
	end     <-chan struct{}
}

// A bench is a queue and those who serve it; there are several so that not all
// meet at one lock.
type bench struct {
	wake chan struct{} // a token for each one that is to stop resting

	mu      sync.Mutex // guards all below
	queue   []task
	first   int  // in the queue, which is compacted when it is empty
	resting int  // how many rest
	coming  bool // somebody has been sent for and has not taken a task yet
}

// A task is a connection that has something to do, or one that arrives.
type task interface{ work() }

// restingMost is how many rest on one bench; others end.
const restingMost = 16

func newCrew(end <-chan struct{}) *crew {
	w := &crew{benches: make([]bench, runtime.GOMAXPROCS(0)), end: end}
	for i := range w.benches {
		w.benches[i].wake = make(chan struct{}, restingMost)
	}
	return w
}

// take has somebody do the task. It does not wait.
func (w *crew) take(t task) {
	b := &w.benches[w.turn.Add(1)%uint32(len(w.benches))]
	b.mu.Lock()
	b.queue = append(b.queue, t)
	w.send(b)
	b.mu.Unlock()
}

// send sends for somebody, unless somebody is coming already. b.mu is held.
func (w *crew) send(b *bench) {
	switch {
	case b.coming:
	case b.resting > 0:
		b.resting--
		b.coming = true
		b.wake <- struct{}{}
	default:
		b.coming = true
		go w.work(b)
	}
}

// work takes tasks as long as there are any, and rests in between.
func (w *crew) work(b *bench) {
	b.mu.Lock()
	b.coming = false
	for b.queued() || w.rest(b) {
		t := b.next()
		if t == nil {
			continue
		}
		if b.queued() {
			w.send(b)
		}
		b.mu.Unlock()
		t.work()
		b.mu.Lock()
	}
	b.mu.Unlock()
}

func (b *bench) queued() bool { return b.first < len(b.queue) }

// next takes the first task of the queue, nil if there is none.
func (b *bench) next() task {
	if !b.queued() {
		return nil
	}
	t := b.queue[b.first]
	b.queue[b.first] = nil
	b.first++
	if b.first == len(b.queue) {
		b.queue, b.first = b.queue[:0], 0
	}
	return t
}

// rest waits until it is sent for; false means that it is not needed any more.
// b.mu is held, but for the time of the rest.
func (w *crew) rest(b *bench) bool {
	if b.resting == restingMost {
		return false
	}
	b.resting++
	b.mu.Unlock()
	woken := true
	select {
	case <-b.wake:
	case <-w.end:
		woken = false
	}
	b.mu.Lock()
	b.coming = b.coming && !woken
	return woken
}
