package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// report prints the receipts, and compares each file with what arrived.
func report(out io.Writer, sources, arrived, receipts []string) error {
	fmt.Fprintln(out, "\nReceipts that the client got:")
	for _, r := range receipts {
		fmt.Fprintln(out, " ", r)
	}
	if len(arrived) != len(sources) {
		return fmt.Errorf("%d files were sent, %d have arrived", len(sources), len(arrived))
	}
	fmt.Fprintln(out, "\nFiles as they were stored:")
	for i, path := range arrived {
		size, err := compare(sources[i], path)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "  %s  %d octets, identical\n", filepath.Base(path), size)
	}
	if len(receipts) != len(sources)-1 {
		return fmt.Errorf("%d files were delivered, %d receipts have come", len(sources)-1, len(receipts))
	}
	fmt.Fprintf(out, `
Done: %d files delivered, each with its receipt; two of them had the same name.
1 file fetched back. All files are identical with their sources.

Where to look next:
  examples/quickstart/main.go         the code of what you have just seen
  go run ./examples/oftpserver -h     a server for your partners
  go run ./examples/oftpclient -h     a client for scripts
  go doc ./oftp                       the package; docs/settings.md lists its settings
`, len(receipts))
	return nil
}

// compare returns the size of two files, or an error if they differ.
func compare(source, arrived string) (int, error) {
	want, err := os.ReadFile(source)
	if err != nil {
		return 0, err
	}
	got, err := os.ReadFile(arrived)
	if err != nil {
		return 0, err
	}
	if !bytes.Equal(want, got) {
		return 0, fmt.Errorf("%s and %s differ", source, arrived)
	}
	return len(got), nil
}

// generate writes a file that looks like nothing and does not compress.
func generate(path string, size int64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.CopyN(f, rand.NewChaCha8([32]byte{}), size)
	return errors.Join(err, f.Close())
}
