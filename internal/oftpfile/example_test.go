package oftpfile_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/ediport/ediport/internal/oftpfile"
	"github.com/ediport/ediport/internal/oftpwire"
)

// A file of variable records goes from one folder to another.
func Example() {
	dir, err := os.MkdirTemp("", "oftpfile")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	source := filepath.Join(dir, "orders.txt")
	if err := os.WriteFile(source, []byte("UNB+UNOA\r\nUNZ+1\r\n"), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	layout := oftpfile.Layout{Format: oftpwire.Variable, RecordSize: 80}
	out, err := oftpfile.OpenFile(source, layout)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer out.Close()

	name := oftpfile.Expand("in/%VirtualFileName%", oftpfile.Macros{VirtualFileName: "../ORDERS"})
	in, err := oftpfile.NewInbox().Receive(oftpfile.Target{Path: filepath.Join(dir, name), Layout: layout})
	if err != nil {
		fmt.Println("SFNA", oftpfile.Reason(err))
		return
	}
	defer in.Abort()

	for done := false; !done && err == nil; {
		var payload []byte
		if payload, done, err = out.Fill(nil, 128, false); err == nil {
			err = in.Write(payload)
		}
	}
	if err == nil {
		err = in.Verify(out.Records(), out.Octets(), true)
	}
	if err == nil {
		err = in.Commit()
	}
	fmt.Println(name, in.Records(), "records", in.Octets(), "octets", err)
	// Output: in/_._ORDERS 2 records 13 octets <nil>
}
