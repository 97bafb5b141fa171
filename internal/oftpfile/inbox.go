package oftpfile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/ediport/ediport/internal/trap"
)

// Modes of what the package creates. While a file is on its way only the server
// may read it; then its group may, since the program that works on received
// files is often another user. Folders that a pattern names are made as needed.
const (
	partialMode = 0o600
	finalMode   = 0o640
	folderMode  = 0o750
)

// Inbox is where a server's received files go. It knows the names that
// transfers in progress have taken, so that of two sessions with one name the
// second is refused at once and not after the whole file. Its methods may be
// called at the same time.
type Inbox struct {
	mu    sync.Mutex
	taken map[string]bool // absolute paths: final names and hidden files
	swept map[string]time.Time
}

// NewInbox returns an Inbox with no name taken. Inboxes know nothing of each
// other, in one process or in two: each needs a folder of its own for hidden
// files, which is [Target.TempDir] or the destination. With that, several may
// have one destination; none replaces a file of another.
func NewInbox() *Inbox {
	return &Inbox{taken: make(map[string]bool), swept: make(map[string]time.Time)}
}

// Target says where a received file goes.
type Target struct {
	// Path is the final name. Missing folders are created.
	Path string

	// Overwrite allows an existing file to be replaced.
	Overwrite bool

	// TempDir is the folder of the hidden file while it is on its way; "" is the
	// folder of Path. It may be on another file system, which costs a copy.
	TempDir string

	// Key is what tells the virtual file from all others: name, stamp, originator
	// and destination in any form. It finds the partial file again for restart.
	Key string

	// Layout is how the records lie on disk.
	Layout Layout

	// Keep says that restart was agreed on in Start Session: a partial file of
	// earlier is used, and Abort leaves one.
	Keep bool

	// Life is how long a partial file is kept that nobody goes on with; 0 is
	// for ever. Older ones in the same folder are removed now and then.
	Life time.Duration
}

// partial is the path of the hidden file. The layout is part of its identity:
// octets received in one cannot be continued in another.
func (t Target) partial() string {
	dir := t.TempDir
	if dir == "" {
		dir = filepath.Dir(t.Path)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%c %d %q %s", t.Layout.Format, t.Layout.RecordSize, separators[t.Layout.Separator], t.Key))
	return filepath.Join(dir, hiddenBeginning+hex.EncodeToString(sum[:16])+hiddenEnding)
}

// Hidden files are named by these and a hash between them.
const (
	hiddenBeginning = ".oftp-"
	hiddenEnding    = ".part"
)

// Receive takes the name of a file and opens the hidden file for it. The
// caller must end with [Incoming.Abort], which does nothing after a successful
// [Incoming.Commit].
//
// Code 681, reason 13: the name exists and Overwrite is off, or another
// transfer has taken it or the same virtual file, which [Passes]. Reason 5: see [Layout.Check].
// Reason 12, code 671, with the cause: the system refused.
func (b *Inbox) Receive(t Target) (*Incoming, error) {
	if err := t.Layout.Check(); err != nil {
		return nil, err
	}
	var err error
	if t.Path, err = filepath.Abs(t.Path); err != nil {
		return nil, access(CodeReceive, err, "finding the place of "+t.Path)
	}
	partial, err := filepath.Abs(t.partial())
	if err != nil {
		return nil, access(CodeReceive, err, "finding the place of "+t.TempDir)
	}
	if err := b.take(t.Path, partial); err != nil {
		return nil, err
	}
	for _, path := range []string{partial, t.Path} { // a crash while copying leaves something beside the second
		b.sweep(filepath.Dir(path), t.Life, time.Now())
	}
	f := newIncoming(t.Layout)
	f.inbox, f.target, f.partial = b, t, partial
	if err := f.open(); err != nil {
		b.release(t.Path, partial)
		return nil, err
	}
	return f, nil
}

// Stream receives into w instead of a file: there is no restart, Commit writes
// out what is buffered, and w is not closed. A Layout that fails
// [Layout.Check] makes the first Write fail.
func (b *Inbox) Stream(w io.Writer, l Layout) *Incoming {
	f := newIncoming(l)
	f.out, f.err = w, l.Check()
	return f
}

// take reserves both paths or neither.
func (b *Inbox) take(final, partial string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, path := range []string{final, partial} {
		if b.taken[fold(path)] {
			return &fault{
				reason: ReasonDuplicate,
				err:    trap.New(CodeDuplicate, "%s is being received in another session; try again when that has ended", final),
				passes: true,
			}
		}
	}
	b.taken[fold(final)], b.taken[fold(partial)] = true, true
	return nil
}

func (b *Inbox) release(final, partial string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.taken, fold(final))
	delete(b.taken, fold(partial))
}

// fold makes names equal that the usual file systems of the platform take for
// the same file.
func fold(path string) string {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return strings.ToLower(path)
	}
	return path
}

// checkFinal refuses a final name that Commit could not move to.
func checkFinal(t Target) error {
	info, err := os.Lstat(t.Path)
	switch {
	case os.IsNotExist(err):
		return nil
	case err != nil:
		return access(CodeReceive, err, "receiving "+t.Path)
	case info.IsDir():
		return refuse(ReasonAccess, CodeReceive, "receiving %s: there is a folder of that name", t.Path)
	case !t.Overwrite:
		return duplicate(t.Path)
	}
	return nil
}

func duplicate(path string) error {
	return refuse(ReasonDuplicate, CodeDuplicate, "%s exists; set Overwrite in AcceptFile to replace it", path)
}
