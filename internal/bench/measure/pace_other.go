//go:build !linux

package measure

import (
	"runtime"
	"time"
)

// takeThread gives the calling goroutine a thread of its own until it ends.
func takeThread() { runtime.LockOSThread() }

func sleepUntil(t time.Time) { time.Sleep(time.Until(t)) }
