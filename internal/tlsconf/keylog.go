package tlsconf

import (
	"errors"
	"os"
	"path/filepath"
	"sync"

	"github.com/ediport/ediport/internal/trap"
)

// keyLogs holds the open key log files by absolute path, so that listeners
// that name the same file share one descriptor and lines never mix.
var keyLogs = struct {
	sync.Mutex
	open map[string]*keyLog
}{open: make(map[string]*keyLog)}

// keyLog is a tls.Config.KeyLogWriter. It is a debugging aid: what goes wrong
// with the file ends no handshake, it is told when the file is closed.
type keyLog struct {
	path  string
	users int // guarded by keyLogs

	mu   sync.Mutex // protects following
	file *os.File   // nil after the last user has gone
	err  error      // the first failed write
}

// CheckKeyLogFile reports whether path is a value for SSLKeyLogFile: "" or a
// file in a folder that exists. It opens nothing. The code is 10022.
func CheckKeyLogFile(path string) error {
	if path == "" {
		return nil
	}
	folder, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return invalid("SSLKeyLogFile=%s: the folder cannot be used: %w", path, err)
	}
	// Not a folder, and not a pipe, whose opening would wait for a reader.
	if file, err := os.Stat(path); !folder.IsDir() || err == nil && !file.Mode().IsRegular() {
		return invalid("SSLKeyLogFile=%s is not the path of a regular file in a folder", path)
	}
	return nil
}

// openKeyLog opens the file or joins those who have it open. Each call needs
// one call of release.
func openKeyLog(path string) (*keyLog, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, trap.Wrap(trap.CodeSecurityLibrary, err, "SSLKeyLogFile")
	}
	keyLogs.Lock()
	defer keyLogs.Unlock()
	if k, ok := keyLogs.open[path]; ok {
		k.users++
		return k, nil
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, trap.Wrap(trap.CodeSecurityLibrary, err, "SSLKeyLogFile cannot be opened")
	}
	k := &keyLog{path: path, users: 1, file: file}
	keyLogs.open[path] = k
	return k, nil
}

// Write appends one line, which crypto/tls hands over whole. Lines of
// handshakes that outlive the settings are dropped.
func (k *keyLog) Write(line []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.file != nil {
		if _, err := k.file.Write(line); err != nil && k.err == nil {
			k.err = err
		}
	}
	return len(line), nil
}

// release closes the file after its last user, and returns what went wrong.
func (k *keyLog) release() error {
	keyLogs.Lock()
	defer keyLogs.Unlock()
	if k.users--; k.users > 0 {
		return nil
	}
	delete(keyLogs.open, k.path)
	k.mu.Lock()
	defer k.mu.Unlock()
	err := errors.Join(k.err, k.file.Close())
	k.file = nil
	if err != nil {
		return trap.Wrap(trap.CodeSecurityLibrary, err, "SSLKeyLogFile")
	}
	return nil
}
