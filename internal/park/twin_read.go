package park

import (
	"net"
	"os"
)

// aheadSize is what a twin reads ahead where it cannot watch without reading.
const aheadSize = 4 << 10

// watch tells the owner that nc has become readable, and again after each read:
// then there may be more.
func (t *twin) watch() {
	for t.awaitConsumed() {
		err := awaitReadable(t.raw)
		t.mu.Lock()
		t.readable = true
		if err != nil && t.readErr == nil {
			t.readErr = err
		}
		t.mu.Unlock()
		t.tellReadable()
	}
}

// readAhead reads a little more whenever the last of it is consumed.
func (t *twin) readAhead() {
	b := make([]byte, aheadSize)
	for t.awaitConsumed() {
		n, err := t.nc.Read(b)
		t.mu.Lock()
		t.arrived, t.readErr = b[:n], err
		t.mu.Unlock()
		if n > 0 || err != nil {
			t.tellReadable()
		}
	}
}

// awaitConsumed waits until all that was told of is read. It returns false when
// nothing more can follow.
func (t *twin) awaitConsumed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for !t.closed && t.readErr == nil && t.hasRead() {
		t.read.wake.Wait()
	}
	return !t.closed && t.readErr == nil
}

// hasRead reports whether a read would find something. The mutex must be held.
func (t *twin) hasRead() bool { return len(t.arrived) > 0 || t.readable }

func (t *twin) tellReadable() {
	t.mu.Lock()
	t.read.wake.Broadcast()
	closed := t.closed
	t.mu.Unlock()
	if !closed {
		t.owner.Readable()
	}
}

func (t *twin) TryRead(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.take(p)
}

func (t *twin) Read(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed && passed(t.read.deadline) {
		return 0, t.failed("read", os.ErrDeadlineExceeded)
	}
	for {
		n, err := t.take(p)
		if err != ErrWouldBlock {
			return n, err
		}
		err = t.read.wait(0, func() bool {
			return t.closed || !t.reading && (t.hasRead() || t.readErr != nil)
		})
		if err != nil {
			return 0, t.failed("read", err)
		}
	}
}

// take is one read that does not wait. The mutex must be held.
func (t *twin) take(p []byte) (int, error) {
	switch {
	case t.closed:
		return 0, t.failed("read", net.ErrClosed)
	case len(p) == 0:
		return 0, nil
	case len(t.arrived) > 0:
		n := copy(p, t.arrived)
		if t.arrived = t.arrived[n:]; len(t.arrived) == 0 {
			t.read.wake.Broadcast()
		}
		return n, nil
	case t.readErr != nil:
		return 0, t.readErr
	case t.readable && !t.reading:
		return t.takeRaw(p)
	}
	return 0, ErrWouldBlock
}

// takeRaw reads from nc, which is known to be readable. The mutex is let go
// meanwhile.
func (t *twin) takeRaw(p []byte) (int, error) {
	t.reading = true
	t.mu.Unlock()
	n, err := t.nc.Read(p)
	t.mu.Lock()
	t.reading, t.readable = false, false
	if err != nil {
		t.readErr = err // for good: no deadline of nc is ever set for reading
	}
	t.read.wake.Broadcast()
	return n, err
}
