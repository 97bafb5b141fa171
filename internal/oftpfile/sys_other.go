//go:build !unix

package oftpfile

import (
	"errors"
	"io/fs"
)

// noFollow has no counterpart here; openHidden compares the files instead.
const noFollow = 0

// shared cannot be told from what the os package gives; see hardLink.
func shared(fs.FileInfo) bool { return false }

// hardLink is not used where shared cannot notice that a crash has left both
// names.
func hardLink(_, _ string) error { return errors.ErrUnsupported }

// syncFolder does nothing: folders cannot be synced.
func syncFolder(string) error { return nil }
