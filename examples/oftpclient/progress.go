package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/ediport/ediport/oftp"
)

// isTerminal reports whether somebody watches.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// A bar shows how far a file is.
type bar struct {
	out   io.Writer
	path  string // of the file that size is of
	size  int64  // 0 is unknown
	shown string
}

func newBar(out io.Writer) *bar { return &bar{out: out} }

// transfer is a handler for OnTransfer.
func (b *bar) transfer(e *oftp.TransferEvent) {
	if e.LocalFile != b.path {
		b.path, b.size = e.LocalFile, 0
		if info, err := os.Stat(e.LocalFile); err == nil && e.Direction == oftp.FromClient {
			b.size = info.Size()
		}
	}
	line := draw(e.VirtualFileName, e.BytesTransferred, b.size)
	if line == b.shown {
		return // a terminal is slower than a disk
	}
	b.shown = line
	fmt.Fprint(b.out, "\r", line)
	if b.size > 0 && e.BytesTransferred >= b.size {
		fmt.Fprintln(b.out)
	}
}

// barWidth is the length of the bar in characters.
const barWidth = 40

// draw is one line of constant length for a name of any length that OFTP allows.
func draw(name string, done, size int64) string {
	if size <= 0 {
		return fmt.Sprintf("%-26s %d MiB", name, done>>20)
	}
	share := min(float64(done)/float64(size), 1)
	full := int(share * barWidth)
	return fmt.Sprintf("%-26s [%-*s] %3.0f %%", name, barWidth, strings.Repeat("=", full), share*100)
}
