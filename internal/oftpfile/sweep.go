package oftpfile

import (
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A folder is looked through at most once in this time, and so many folders are
// remembered for that.
const (
	sweepEvery = time.Hour
	sweptMost  = 1000
)

// sweep removes what broken transfers have left in a folder if nobody has gone
// on with it for longer than life. Failures do not matter: the next sweep tries
// again.
func (b *Inbox) sweep(dir string, life time.Duration, now time.Time) {
	if life <= 0 || !b.sweepDue(dir, now) {
		return
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if !hidden(entry.Name()) {
			continue
		}
		info, err := entry.Info()
		if err == nil && now.Sub(info.ModTime()) > life {
			b.discard(filepath.Join(dir, entry.Name()))
		}
	}
}

func (b *Inbox) sweepDue(dir string, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Sub(b.swept[dir]) < sweepEvery {
		return false
	}
	if len(b.swept) >= sweptMost {
		clear(b.swept) // folders named by a pattern can be many
	}
	b.swept[dir] = now
	return true
}

// discard removes a hidden file that no transfer uses. The lock keeps one from
// beginning meanwhile.
func (b *Inbox) discard(path string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	partial := path[:strings.LastIndex(path, hiddenEnding)+len(hiddenEnding)]
	if !b.taken[fold(partial)] {
		os.Remove(path)
	}
}

// hidden reports whether a name is one that this package gives to what is on
// its way: the partial file, or what lies beside it.
func hidden(name string) bool {
	return strings.HasPrefix(name, hiddenBeginning) && strings.Contains(name, hiddenEnding)
}
