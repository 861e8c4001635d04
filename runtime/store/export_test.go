package store

import "fmt"

// LimitPages makes the database refuse to grow beyond n pages, as on a disk that is full.
func LimitPages(s *SQLite, n int) error {
	return s.outside(fmt.Sprintf("PRAGMA max_page_count = %d", n))
}
