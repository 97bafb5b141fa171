package oftpfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/ediport/ediport/internal/oftpwire"
)

// mark is a place between two records of a file.
type mark struct {
	records, size int64 // size on disk, separators included
}

// checkpointEvery is how much of an F or V file a crash can cost.
const checkpointEvery = 8 << 20

// journal keeps the number of records of a partial file beside it, in a file of
// one line "records size". U and T files need none: their size says it all.
type journal struct {
	path   string
	on     bool
	mark   mark  // the end of the last complete record
	synced int64 // size of the file at the last checkpoint
}

// checkpoint syncs the file and writes the mark when there is enough that a
// crash could lose. The order matters: the mark must never be ahead.
func (j *journal) checkpoint(file *os.File, size int64) error {
	if !j.on || size-j.synced < checkpointEvery {
		return nil
	}
	if err := file.Sync(); err != nil {
		return err
	}
	j.synced = size
	return j.write()
}

func (j *journal) write() error {
	if !j.on {
		return nil
	}
	side, err := createHidden(j.path + ".new")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(side, "%d %d\n", j.mark.records, j.mark.size)
	if err = errors.Join(err, side.Close()); err != nil {
		return err
	}
	return os.Rename(j.path+".new", j.path)
}

// drop removes the file; the partial file is worth nothing without it.
func (j *journal) drop() {
	if j.on {
		os.Remove(j.path)
	}
}

// disable drops the file for the rest of the transfer.
func (j *journal) disable() {
	j.drop()
	j.on = false
}

func sidecar(partial string) string { return partial + ".pos" }

// createHidden creates a file that nobody else has. What has the name already,
// a symbolic link too, is removed and not followed.
func createHidden(path string) (*os.File, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, partialMode)
}

// openHidden opens a file that this package has left. It refuses links of both
// kinds: after a crash in the middle of Commit the hidden name is a second name
// of a complete file, which must not be touched. It refuses a file of another
// user, who could go on changing what is received into it.
func openHidden(path string) (*os.File, error) {
	before, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, fs.ErrInvalid
	}
	file, err := os.OpenFile(path, os.O_RDWR|noFollow, 0)
	if err != nil {
		return nil, err
	}
	after, err := file.Stat()
	if err != nil || !os.SameFile(before, after) || shared(after) {
		file.Close()
		return nil, errors.Join(err, fs.ErrInvalid)
	}
	return file, nil
}

// openPartial opens a partial file of earlier and finds how much of it can be
// used. The file is nil when there is none, for whatever reason: the transfer
// then starts from the beginning.
func openPartial(path string, l Layout) (*os.File, mark) {
	file, err := openHidden(path)
	if err != nil {
		return nil, mark{}
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, mark{}
	}
	if !l.records() {
		return file, mark{size: info.Size()}
	}
	have, err := readMark(sidecar(path))
	if err != nil || have.size > info.Size() || !have.fits(l) {
		return file, mark{}
	}
	return file, have
}

func readMark(path string) (m mark, err error) {
	file, err := openHidden(path)
	if err != nil {
		return mark{}, err
	}
	defer file.Close()
	_, err = fmt.Fscanf(io.LimitReader(file, 64), "%d %d\n", &m.records, &m.size)
	return m, err
}

// fits reports whether so many records can have that size. It bounds what a
// damaged journal can do.
func (m mark) fits(l Layout) bool {
	if m.records < 0 || m.size < 0 || m.records > m.size {
		return false
	}
	if l.Format == oftpwire.Fixed {
		return m.size%l.stride() == 0 && m.size/l.stride() == m.records
	}
	least := int64(len(separators[l.Separator]))
	return m.size/l.stride() <= m.records && m.records <= m.size/least
}
