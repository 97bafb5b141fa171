package park

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// filePart is what one sendfile may move, so that deadlines are looked at.
const filePart = 1 << 20

func (c *conn) SendFile(f *os.File, n int64) (int64, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	done, err := c.push("sendfile", n, func(done int64) (k int, err error) {
		part := int(min(n-done, filePart))
		if e := raw.Control(func(from uintptr) { k, err = sendfile(int(c.fd), int(from), part) }); e != nil {
			return 0, e
		}
		c.noteError(err)
		return k, err
	})
	if done == 0 && (errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EOPNOTSUPP)) {
		return copyFile(c, f, n) // the file system cannot do it
	}
	return done, err
}

func sendfile(to, from, n int) (int, error) {
	k, err := unix.Sendfile(to, from, nil, n)
	for err == unix.EINTR {
		k, err = unix.Sendfile(to, from, nil, n)
	}
	if err == nil && k == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	return max(k, 0), err
}
