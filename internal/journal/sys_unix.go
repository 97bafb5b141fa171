//go:build unix

package journal

import (
	"errors"
	"os"
	"syscall"
)

// noRoom are the errors of a disk that is full; they pass.
var noRoom = []error{syscall.ENOSPC, syscall.EDQUOT}

// syncFolder makes a new name in the folder last. Some file systems cannot.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}
