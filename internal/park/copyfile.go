package park

import (
	"errors"
	"io"
	"os"
)

// copyFile is SendFile through a buffer. The offset of f ends where the sent
// octets do.
func copyFile(w io.Writer, f *os.File, n int64) (done int64, err error) {
	b := make([]byte, min(n, 64<<10))
	for done < n {
		k, err := f.Read(b[:min(n-done, int64(len(b)))])
		if err == io.EOF {
			return done, io.ErrUnexpectedEOF
		}
		if err != nil {
			return done, err
		}
		m, err := w.Write(b[:k])
		done += int64(m)
		if err != nil {
			_, seekErr := f.Seek(int64(m-k), io.SeekCurrent)
			return done, errors.Join(err, seekErr)
		}
	}
	return done, nil
}
