package journal_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/ediport/ediport/internal/journal"
)

// A file has arrived: it is noted together with the receipt that is owed for it.
// A later session sends the receipt.
func Example() {
	dir, err := os.MkdirTemp("", "journal")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	j, err := journal.Open(filepath.Join(dir, "journal"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer j.Close()

	ctx, now := context.Background(), time.Now()
	id := journal.FileID{
		Name: "DRAWING", Date: "20261120", Time: "1200000001",
		Originator: "O0013PARTNER", Destination: "O0013WE",
	}
	received := journal.Received{File: id, Partner: "O0013PARTNER", Path: "in/DRAWING", At: now}
	owed := journal.Receipt{Partner: "O0013PARTNER", File: id, Owed: now}
	fmt.Println(j.Commit(ctx, received, owed))
	fmt.Println(j.Commit(ctx, received, owed)) // the partner offers it once more

	for {
		r, found, err := j.Take(ctx, "O0013PARTNER", nil)
		if err != nil || !found {
			break
		}
		fmt.Println("EERP for", r.File.Name)
		if err := j.Commit(ctx, r.Settled()); err != nil {
			j.Return(r)
		}
	}
	// Output:
	// <nil>
	// 681: "DRAWING" of O0013PARTNER, 20261120 1200000001, has been received before
	// EERP for DRAWING
}
