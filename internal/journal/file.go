package journal

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/ediport/ediport/internal/trap"
	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// File is a [Journal] in a file of its own. A commit returns when the disk has
// it; commits of several goroutines that come while another one is being
// written share the next write.
type File struct {
	db     *bbolt.DB
	path   string
	line   line  // who waits to write
	broken error // for whoever has the turn: why nothing can be written any more

	lending sync.Mutex
	lent    loans
}

var _ Journal = (*File)(nil)

const (
	fileMode = 0o600

	// lockWait is how long opening waits for another process to let go, twice
	// at the most.
	lockWait = 400 * time.Millisecond
)

// The tables of the file: buckets of the store below.
const (
	receiptTable  = "receipts"
	receivedTable = "received"
	sentTable     = "sent"
	restartTable  = "restarts"
)

// tables are all of them, with what tells whether a record is intact.
var tables = map[string]func(key, value []byte) error{
	receiptTable:  intact[Owed],
	receivedTable: intact[Received],
	sentTable:     intact[Sent],
	restartTable:  intact[RestartPoint],
}

func intact[T any, P interface {
	*T
	record
}](key, value []byte) error {
	_, err := decode[T, P](key, value)
	return err
}

// Open opens the journal at path, or makes one that only the user of this
// process may read. It reads the whole file once: what is damaged is refused
// (671) and left as it is. A journal that another process has open, or this
// one, is refused within a second ([ErrInUse]).
func Open(path string) (*File, error) { return openWith(path, bbolt.Options{}) }

func openWith(path string, o bbolt.Options) (*File, error) {
	if err := create(path); err != nil {
		return nil, trap.Wrap(CodeStore, err, "making the journal "+path)
	}
	if err := verify(path); err != nil {
		return nil, opening(path, err)
	}
	o.Timeout, o.NoStatistics, o.FreelistType = lockWait, true, bbolt.FreelistMapType
	db, err := bbolt.Open(path, fileMode, &o)
	if err != nil {
		return nil, opening(path, err)
	}
	return &File{db: db, path: path, line: line{turn: make(chan struct{}, 1)}, lent: make(loans)}, nil
}

func opening(path string, err error) error {
	if errors.Is(err, bolterrors.ErrTimeout) {
		return trap.New(trap.CodeInProgress, "the journal %s is in use by another process or server: end that, or give this one a journal of its own", path)
	}
	return trap.Wrap(CodeStore, err, "opening the journal "+path)
}

// create makes a journal where there is none. The name appears when the file is
// whole: whatever is found under it later was a journal, and is not made anew.
func create(path string) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	dir, name := filepath.Split(filepath.Clean(path))
	temp, err := os.CreateTemp(filepath.Clean(dir), "."+name+"-*.new")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	if err := errors.Join(temp.Close(), fill(temp.Name())); err != nil {
		return err
	}
	if err := appear(temp.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Clean(dir))
}

// fill makes an empty file a journal without records.
func fill(path string) error {
	db, err := bbolt.Open(path, fileMode, nil)
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for name := range tables {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(err, db.Close())
}

// appear gives a file its name unless another process has been faster. Where
// there are no hard links, a moment remains in which both believe to be first.
func appear(temp, path string) error {
	err := os.Link(temp, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	if _, err := os.Lstat(path); err == nil {
		return nil
	}
	return os.Rename(temp, path)
}

// verify reads the file before the store below does, which believes what it
// finds. Meanwhile it holds a lock that keeps writers out.
func verify(path string) error {
	var file *os.File
	var size int64
	db, err := bbolt.Open(path, fileMode, &bbolt.Options{
		ReadOnly: true,
		Timeout:  lockWait,
		OpenFile: func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
			file, size, err = openRegular(name, flag, mode)
			return file, err
		},
	})
	switch {
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch):
		return untouched(corrupt("its first pages are not those of a journal: %w", err))
	case err != nil:
		return err
	}
	err = untouched(checkFile(file, size))
	return cmp.Or(err, db.Close())
}

// openRegular opens what is large enough to be a journal. The store below would
// make a new one of a file without content.
func openRegular(name string, flag int, mode os.FileMode) (*os.File, int64, error) {
	file, err := os.OpenFile(name, flag, mode)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	switch {
	case err != nil:
	case !info.Mode().IsRegular():
		err = trap.New(CodeStore, "%s is not a file", name)
	case info.Size() < leastSize:
		err = untouched(corrupt("it has only %d octets", info.Size()))
	default:
		return file, info.Size(), nil
	}
	file.Close()
	return nil, 0, err
}

func untouched(err error) error {
	if err == nil {
		return nil
	}
	return trap.Wrap(CodeStore, err, "the file was not touched; restore it from a backup, or move it away and lose the receipts in it")
}

// Close is documented at [Journal]. Closing twice is no error.
func (f *File) Close() error {
	if err := f.line.close(f.db.Close); err != nil {
		return trap.Wrap(CodeStore, err, "closing the journal "+f.path)
	}
	return nil
}
