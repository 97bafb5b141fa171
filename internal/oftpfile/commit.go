package oftpfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Commit completes the file: it ends a record that the peer left open, syncs
// the content, moves the file to its final name in one step and syncs the
// folder. After a nil error the file is there to stay, and its name in the Inbox
// is free. After an error the caller must still call Abort.
//
// Code 681, reason 13: the name came into being meanwhile. Reason 12, code 671:
// the system refused, with the cause.
func (f *Incoming) Commit() error {
	if f.closed {
		return f.err
	}
	if !f.started {
		if err := f.Start(0); err != nil {
			return err
		}
	}
	if err := f.finish(); err != nil {
		return err
	}
	if err := f.flush(); err != nil {
		return f.fail(err)
	}
	if f.file == nil {
		f.close()
		return nil
	}
	if err := seal(f.file); err != nil {
		return f.fail(access(CodeReceive, err, "completing "+f.target.Path))
	}
	if err := f.place(); err != nil {
		return f.fail(err)
	}
	f.journal.drop()
	f.close()
	return nil
}

// Abort gives the file up and frees its name. With Target.Keep what has been
// received stays for a restart, unless that is nothing, the content was at fault
// (the peer would only run into the same fault again), or it has filled the disk,
// which others need. After Commit has succeeded, and when called again, Abort
// does nothing.
func (f *Incoming) Abort() error {
	if f.closed {
		return nil
	}
	defer f.close()
	if f.file == nil {
		return nil
	}
	defer f.file.Close() // it may be closed already
	sound := f.err == nil || Reason(f.err) == ReasonAccess && !noRoom(f.err)
	switch {
	case !f.target.Keep || !sound:
		return f.discard()
	case !f.started:
		return nil // the partial file of earlier stays as it was
	}
	err := f.keep()
	if noRoom(err) {
		return errors.Join(err, f.discard())
	}
	return err
}

// discard removes the partial file.
func (f *Incoming) discard() error {
	f.file.Close() // Windows removes no open file
	f.journal.drop()
	return ignoreMissing(os.Remove(f.partial))
}

// keep leaves the partial file and its journal for a restart. After a failed
// write the mark can be ahead of the file; then the last checkpoint stays.
func (f *Incoming) keep() error {
	if err := f.flush(); err != nil {
		return err
	}
	if f.disk == 0 { // there is nothing to go on with
		return f.discard()
	}
	if !f.journal.on || f.journal.mark.size > f.disk {
		return nil
	}
	if err := f.file.Sync(); err != nil && !errors.Is(err, fs.ErrClosed) {
		return access(CodeReceive, err, "keeping the partial file of "+f.target.Path)
	}
	if err := f.journal.write(); err != nil {
		return access(CodeReceive, err, "keeping the partial file of "+f.target.Path)
	}
	return nil
}

// close gives back what the transfer holds.
func (f *Incoming) close() {
	putBuffer(f.buffer)
	f.buffer, f.closed = nil, true
	if f.err == nil {
		f.err = refuse(ReasonUnspecified, CodeReceive, "%s has been completed or given up already", f.name())
	}
	if f.inbox != nil {
		f.inbox.release(f.target.Path, f.partial)
	}
}

// seal makes a file ready for its final name. File systems that know no modes
// may refuse the mode; the content matters more.
func seal(file *os.File) error {
	_ = file.Chmod(finalMode)
	return errors.Join(file.Sync(), file.Close())
}

// place moves the hidden file to its final name.
func (f *Incoming) place() error {
	dir := filepath.Dir(f.target.Path)
	err := move(f.partial, f.target.Path, f.target.Overwrite)
	if isOtherDevice(err) {
		err = f.copyOver(dir)
	}
	if errors.Is(err, fs.ErrExist) {
		return duplicate(f.target.Path)
	}
	if err == nil {
		err = syncFolder(dir)
	}
	if err != nil {
		return access(CodeReceive, err, "moving the received file to "+f.target.Path)
	}
	return nil
}

// copyPattern names the copies, so that a sweep knows what a crash has left.
const copyPattern = hiddenBeginning + "*" + hiddenEnding + ".copy"

// copyOver brings the content to the folder of the final name, hidden, and
// moves that.
func (f *Incoming) copyOver(dir string) error {
	from, err := openHidden(f.partial)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.CreateTemp(dir, copyPattern) // exclusive, mode 0600
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	if err = errors.Join(err, seal(to)); err == nil {
		err = move(to.Name(), f.target.Path, f.target.Overwrite)
	}
	if err != nil {
		os.Remove(to.Name())
		return err
	}
	from.Close() // Windows removes no open file
	os.Remove(f.partial)
	return nil // the file is in place, whatever is left over
}

// move renames a file on one file system. Without overwrite it never replaces
// a file, whoever creates it when: a hard link is refused if the name is taken,
// a rename is not.
func move(old, name string, overwrite bool) error {
	if overwrite {
		return os.Rename(old, name)
	}
	err := hardLink(old, name)
	switch {
	case err == nil:
		os.Remove(old) // else openHidden knows it by its second name
		return nil
	case errors.Is(err, fs.ErrExist), isOtherDevice(err):
		return err
	}
	return moveOntoPlaceholder(old, name)
}

// moveOntoPlaceholder is for file systems without hard links: an empty file
// takes the name first, if it is free, and only that is replaced.
func moveOntoPlaceholder(old, name string) error {
	placeholder, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, partialMode)
	if err != nil {
		return err
	}
	placeholder.Close()
	if err := os.Rename(old, name); err != nil {
		os.Remove(name)
		return err
	}
	return nil
}

// Windows' ERROR_NOT_SAME_DEVICE and ERROR_DISK_FULL.
const (
	errNotSameDevice = syscall.Errno(17)
	errDiskFull      = syscall.Errno(112)
)

func isOtherDevice(err error) bool {
	return errors.Is(err, syscall.EXDEV) || (filepath.Separator == '\\' && errors.Is(err, errNotSameDevice))
}

// noRoom reports whether the disk, or what the server may use of it, is full.
func noRoom(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) ||
		(filepath.Separator == '\\' && errors.Is(err, errDiskFull))
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
