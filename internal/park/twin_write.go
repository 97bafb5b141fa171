package park

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

const (
	queueSize  = 64 << 10        // octets that TryWrite takes before nc has them
	writePart  = 16 << 10        // octets at a time where it matters whether some move
	lingerTime = 2 * time.Second // for what is queued when Close is called
)

func (t *twin) TryWrite(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.cannotWrite(); err != nil {
		return 0, t.failed("write", err)
	}
	if len(p) == 0 {
		return 0, nil
	}
	n := 0
	if !t.busy {
		n = min(len(p), queueSize-len(t.queue)-t.flying)
	}
	if n > 0 {
		t.queue = append(t.queue, p[:n]...)
		if !t.draining {
			t.draining = true
			go t.drain()
		}
	}
	if n < len(p) {
		t.wanted = true
		return n, ErrWouldBlock
	}
	return n, nil
}

// cannotWrite returns why nothing can be written any more. The mutex must be
// held.
func (t *twin) cannotWrite() error {
	switch {
	case t.closed:
		return net.ErrClosed
	case t.writeErr != nil:
		return t.writeErr
	case t.halfShut:
		return syscall.EPIPE
	}
	return nil
}

// drain writes what is queued, and then does what had to wait for it.
func (t *twin) drain() {
	var spare []byte
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.queue) > 0 && t.writeErr == nil {
		b := t.queue
		t.queue, t.flying = spare[:0], len(b)
		t.mu.Unlock()
		err := t.drainParts(b)
		t.mu.Lock()
		spare, t.flying, t.writeErr = b, 0, err
		t.tellWritable()
	}
	t.queue, t.draining = nil, false
	t.write.wake.Broadcast()
	if nc, ok := t.nc.(interface{ CloseWrite() error }); ok && t.halfShut {
		_ = nc.CloseWrite()
	}
	if t.closed {
		_ = t.nc.Close()
	}
}

// drainParts writes b so that those who wait for it see it move.
func (t *twin) drainParts(b []byte) error {
	for len(b) > 0 {
		n, err := t.nc.Write(b[:min(len(b), writePart)])
		if err != nil {
			return err
		}
		b = b[n:]
		t.mu.Lock()
		t.moved += n
		t.write.wake.Broadcast()
		t.mu.Unlock()
	}
	return nil
}

// tellWritable tells the owner what it waits for. The mutex must be held; it is
// let go meanwhile.
func (t *twin) tellWritable() {
	tell := t.wanted && !t.closed
	t.wanted = false
	if tell {
		t.mu.Unlock()
		t.owner.Writable()
		t.mu.Lock()
	}
}

func (t *twin) Write(p []byte) (int, error) {
	n, err := t.push("write", int64(len(p)), func(done, part int64) (int64, error) {
		n, err := t.nc.Write(p[done : done+part])
		return int64(n), err
	})
	return int(n), err
}

func (t *twin) SendFile(f *os.File, n int64) (int64, error) {
	start, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, err
	}
	done, err := t.push("sendfile", n, func(done, part int64) (int64, error) {
		// A copy that was interrupted has read more than it wrote.
		if _, err := f.Seek(start+done, io.SeekStart); err != nil {
			return 0, err
		}
		k, err := io.CopyN(t.nc, f, part)
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return k, err
	})
	if err == nil {
		return done, nil
	}
	if _, seekErr := f.Seek(start+done, io.SeekStart); seekErr != nil {
		err = errors.Join(err, seekErr)
	}
	return done, err
}

// push calls step, which is told how much is done and how much to do next, and
// says how much it moved, until size octets are.
func (t *twin) push(op string, size int64, step func(done, part int64) (int64, error)) (done int64, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.awaitTurn(); err != nil {
		return 0, t.failed(op, err)
	}
	defer t.yield()
	for done < size {
		part, err := t.nextPart(size - done)
		if err != nil {
			return done, t.failed(op, err)
		}
		t.mu.Unlock()
		n, err := step(done, part)
		t.mu.Lock()
		done += n
		switch {
		case err == nil:
		case t.closed:
			return done, t.failed(op, net.ErrClosed)
		case n > 0 && t.limit > 0 && errors.Is(err, os.ErrDeadlineExceeded):
			// It moves; nextPart looks at the other deadline.
		default:
			return done, t.failed(op, err)
		}
	}
	return done, nil
}

// awaitTurn claims nc for writing, after whatever is queued. The mutex must be
// held.
func (t *twin) awaitTurn() error {
	if err := t.cannotWrite(); err != nil {
		return err
	}
	free := func() bool { return t.cannotWrite() != nil || !t.busy && !t.draining }
	for !free() {
		moved := t.moved
		err := t.write.wait(t.limit, func() bool { return free() || t.moved != moved })
		if err != nil {
			return err
		}
	}
	if err := t.cannotWrite(); err != nil {
		return err
	}
	if passed(t.write.deadline) {
		return os.ErrDeadlineExceeded
	}
	t.busy = true
	return nil
}

// nextPart gives nc the deadline of the next part of what is left, or returns
// why there is none. The mutex must be held.
func (t *twin) nextPart(left int64) (int64, error) {
	if t.closed {
		return 0, net.ErrClosed
	}
	if passed(t.write.deadline) {
		return 0, os.ErrDeadlineExceeded
	}
	until := t.write.deadline
	if t.limit > 0 {
		until = earlier(until, time.Now().Add(t.limit))
		left = min(left, writePart)
	}
	return left, t.nc.SetWriteDeadline(until)
}

// yield ends what awaitTurn began. The mutex must be held.
func (t *twin) yield() {
	t.busy = false
	if !t.closed {
		_ = t.nc.SetWriteDeadline(time.Time{})
	}
	t.write.wake.Broadcast()
	if t.wanted && !t.closed {
		t.wanted = false
		go t.owner.Writable()
	}
}
