package journal

import (
	"bytes"
	"context"
	"errors"
	"iter"

	"github.com/ediport/ediport/internal/trap"
	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// chunk is how many records a list reads at a time. Between chunks no
// transaction is open, since one that stays open would hold up writers.
const chunk = 256

// view runs a function that reads.
func (f *File) view(ctx context.Context, fn func(*bbolt.Tx) error) error {
	if err := ended(ctx); err != nil {
		return err
	}
	err := safely(func() error { return f.db.View(fn) })
	switch {
	case errors.Is(err, bolterrors.ErrDatabaseNotOpen):
		return ErrClosed
	case err != nil:
		return trap.Wrap(CodeStore, err, "reading the journal "+f.path)
	}
	return nil
}

// Take is documented at [Journal].
func (f *File) Take(ctx context.Context, partner string, wanted func(Receipt) bool) (taken Owed, found bool, err error) {
	f.lending.Lock()
	defer f.lending.Unlock()
	err = f.view(ctx, func(tx *bbolt.Tx) error {
		cursor, prefix := tx.Bucket([]byte(receiptTable)).Cursor(), queueOf(partner)
		for key, value := cursor.Seek(prefix); bytes.HasPrefix(key, prefix); key, value = cursor.Next() {
			o, err := decode[Owed](key, value)
			if err != nil {
				return err
			}
			if f.lent.take(o, wanted) {
				taken, found = o, true
				return nil
			}
		}
		return nil
	})
	return taken, found, err
}

// Return is documented at [Journal].
func (f *File) Return(receipts ...Owed) {
	f.lending.Lock()
	defer f.lending.Unlock()
	f.lent.giveBack(receipts)
}

// queueOf is what the keys of a partner's receipts begin with.
func queueOf(partner string) []byte {
	var w writer
	w.text("partner", &partner)
	return w
}

// Receipts is documented at [Journal].
func (f *File) Receipts(ctx context.Context, partner string) iter.Seq2[Owed, error] {
	if partner == "" {
		return list[Owed](ctx, f, receiptTable, nil)
	}
	return list[Owed](ctx, f, receiptTable, queueOf(partner))
}

// Received is documented at [Journal].
func (f *File) Received(ctx context.Context, id FileID) (Received, bool, error) {
	return get[Received](ctx, f, receivedTable, keyOf(&Received{File: id}))
}

// Sent is documented at [Journal].
func (f *File) Sent(ctx context.Context, id FileID) (Sent, bool, error) {
	return get[Sent](ctx, f, sentTable, keyOf(&Sent{File: id}))
}

// AllSent is documented at [Journal].
func (f *File) AllSent(ctx context.Context) iter.Seq2[Sent, error] {
	return list[Sent](ctx, f, sentTable, nil)
}

// Restart is documented at [Journal].
func (f *File) Restart(ctx context.Context, key RestartKey) (RestartPoint, bool, error) {
	return get[RestartPoint](ctx, f, restartTable, keyOf(&key))
}

// Restarts is documented at [Journal].
func (f *File) Restarts(ctx context.Context) iter.Seq2[RestartPoint, error] {
	return list[RestartPoint](ctx, f, restartTable, nil)
}

func get[T any, P interface {
	*T
	record
}](ctx context.Context, f *File, table string, key []byte) (found T, ok bool, err error) {
	err = f.view(ctx, func(tx *bbolt.Tx) (err error) {
		if value := tx.Bucket([]byte(table)).Get(key); value != nil {
			found, err = decode[T, P](key, value)
			ok = err == nil
		}
		return err
	})
	return found, ok, err
}

// list goes through the records of a table whose keys have a prefix.
func list[T any, P interface {
	*T
	record
}](ctx context.Context, f *File, table string, prefix []byte) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		for from := prefix; ; {
			var part []T
			err := f.view(ctx, func(tx *bbolt.Tx) (err error) {
				part, from, err = next[T, P](tx.Bucket([]byte(table)), from, prefix)
				return err
			})
			for _, t := range part {
				if !yield(t, nil) {
					return
				}
			}
			if err != nil {
				yield(none, err)
			}
			if err != nil || from == nil {
				return
			}
		}
	}
}

// next reads a chunk and returns where the one after it begins, nil at the end.
func next[T any, P interface {
	*T
	record
}](b *bbolt.Bucket, from, prefix []byte) (part []T, then []byte, err error) {
	cursor := b.Cursor()
	for key, value := cursor.Seek(from); key != nil && bytes.HasPrefix(key, prefix); key, value = cursor.Next() {
		if len(part) == chunk {
			return part, bytes.Clone(key), nil
		}
		t, err := decode[T, P](key, value)
		if err != nil {
			return part, nil, err
		}
		part = append(part, t)
	}
	return part, nil, nil
}
