package journal

import "golang.org/x/sys/windows"

// noRoom are the errors of a disk that is full; they pass.
var noRoom = []error{windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL, windows.ERROR_DISK_QUOTA_EXCEEDED}

// syncFolder does nothing: folders cannot be synced.
func syncFolder(string) error { return nil }
