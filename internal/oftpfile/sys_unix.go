//go:build unix

package oftpfile

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// noFollow makes opening a symbolic link fail.
const noFollow = syscall.O_NOFOLLOW

// shared reports whether somebody else may have a hold on the file: it has more
// than one name, or another owner.
func shared(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && (uint64(stat.Nlink) != 1 || int(stat.Uid) != os.Geteuid())
}

// hardLink gives a file a second name, unless that name is taken.
func hardLink(old, name string) error { return os.Link(old, name) }

// syncFolder makes a new name in the folder last through a loss of power. Some
// file systems cannot, and a folder that may only be written to cannot be
// opened; the file in it is good all the same.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
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
