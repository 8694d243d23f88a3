//! Fuzz targets of everything that reads hostile bytes, and the hostile inputs that tests are named after.
//!
//! # Targets
//!
//! They are unit tests of the library, so that they reach every parser without making any public, and cost no second binary
//! to link. `cargo test` gives each some sixty inputs, always the same ones. `ci/fuzz [SECONDS] [SEED]` runs each for so many
//! seconds, keeps inputs that tell something new as further seeds, and writes the smallest input of a failure to
//! `target/fuzz`. Whoever has a nightly compiler and cargo-bolero drives the same targets by coverage:
//!
//! ```text
//! cargo bolero test --lib catalogue::fuzz::layers::layers --engine libfuzzer
//! ```
//!
//! An input is a seed with a few edits ([`recipe`]); checksums that guard a format are made true again afterwards. Whatever
//! is read ([`judge`]): nothing panics or overflows, what is found is bounded, the same bytes tell the same, every package
//! URL reads back as what it was, names hold nothing that deceives, and the SBOM of it can be written in each version and
//! falls short of BSI TR-03183-2 in nothing. To add a target: one `target!` in the file it belongs to, and a folder of
//! seeds. A new cataloguer needs nothing but seeds, `seeds/cataloguers/<name>/<path in an image>`.
//!
//! # Hostile inputs, and where their tests are
//!
//! | input | tests |
//! |---|---|
//! | gzip bomb | `layer::tests::a_decompression_bomb_is_stopped`, `tests/fondaco/hostile.rs` |
//! | zstd bomb, zstd frame with a huge window | `layer::tests::hostile::a_zstd_bomb_is_stopped`, `…a_zstd_frame_that_asks_for_two_gibibytes_of_memory_is_refused`, `ecosystem::chisel` |
//! | tar with a million entries | `layer::tests::hostile::a_tar_with_a_million_entries_is_stopped` |
//! | headers without end | `layer::tests::a_header_that_never_ends_is_stopped` |
//! | paths with `..`, endless paths | `layer::tests::paths_out_of_the_root_are_refused`, `path::tests::climbing_and_endless_paths_are_refused` |
//! | absolute, climbing and looping links | `layer::tests::hostile::links_that_climb_out_of_the_root_stay_in_it`, `…links_in_a_circle_are_a_gap`, `contents::tests::links_into_the_dark_are_a_gap_and_never_nothing` |
//! | links that cost time | `layer::tests::hostile::a_flood_of_links_in_the_root_costs_little`, `…links_of_thousands_of_steps_are_a_gap` |
//! | hard links outside | `layer::tests::hostile::hard_links_out_of_the_root_are_refused` |
//! | sparse file of 4 GiB, GNU's form | `layer::tests::holes_of_any_size_cost_nothing`, `…holes_of_a_sparse_file_cost_nothing` |
//! | sparse file of 4 GiB, pax forms | `layer::tests::hostile::a_sparse_file_of_four_gibibytes_in_pax_form_hides_nothing_and_costs_nothing` |
//! | entries that readers read differently | `layer::tests::hostile::entries_hidden_in_the_content_of_a_directory_or_link_are_refused`, `…pax_headers_that_can_be_read_in_two_ways_are_refused`, `…names_that_only_some_readers_see_are_refused` |
//! | jar nested 100 deep, flat bomb of jars | `ecosystem::java::tests::an_archive_nested_a_hundred_deep_is_read_to_the_limit_and_told`, `…a_flat_bomb_of_archives_is_a_gap` |
//! | zip with lying sizes, bomb | `zip::tests::lying_entries_are_refused_and_say_why`, `…a_bomb_is_inflated_no_further_than_allowed` |
//! | zip with overlapping entries | `ecosystem::java::tests::overlapping_entries_that_nest_themselves_are_a_gap` |
//! | zip whose count lies, million entries | `zip::tests::a_directory_that_counts_wrong_is_an_error_behind_what_it_has`, `ecosystem::java::tests::a_million_entries_cost_no_package` |
//! | zip that a stream reads otherwise | `zip::tests::a_stream_that_its_end_does_not_confirm_is_an_error` |
//! | truncated dpkg, apk and pacman databases | [`hostile`]`::databases_in_text_cut_off_anywhere_keep_what_stands_before_the_cut` |
//! | truncated RPM databases | `ecosystem::rpm::tests::a_database_cut_off_anywhere_says_so`, `…real_databases_cut_off_or_damaged_end_and_say_so` |
//! | cycles: Berkeley DB, ndb, SQLite | `ecosystem::rpm::tests::a_berkeley_database_with_links_in_a_circle_ends`, `…slots_that_point_to_one_blob_end`, `…a_tree_of_billions_of_empty_rows_ends`, [`hostile`]`::a_page_of_sqlite_that_is_its_own_child_ends` |
//! | JSON 10,000 deep | [`hostile`]`::json_10000_deep_costs_no_cataloguer_its_stack`, `ecosystem::npm::tests::json_10000_deep_is_a_package_all_the_same`, `sbom::check::tests::hostile::json_ten_thousand_levels_deep_is_an_error` |
//! | PE, ELF, Mach-O and fat files with wild offsets | [`hostile`]`::executables_with_wild_offsets_are_survived`, `ecosystem::go::tests::lying_sizes_and_wild_pointers_are_survived`, `ecosystem::dotnet_pe::tests::truncation_and_wild_offsets_are_survived`, `executable::tests` |
//! | control characters and Markdown in names | [`hostile`]`::names_that_deceive_reach_neither_the_list_nor_the_sbom`, `render::tests::hostile_names_forge_nothing`, `tests/fondaco/sbom.rs` |
//! | licences that are no licences | `licence::tests::hostile_texts_become_references` |

mod advisories;
mod archives;
mod cataloguers;
mod hostile;
mod judge;
mod layers;
pub(crate) mod recipe;
pub(crate) mod run;
pub(crate) mod seeds;
mod texts;

/// Makes a test of a target, which another engine drives where the compiler is told so (`--cfg fuzzing`).
macro_rules! target {
    ($name:ident, $target:expr $(,)?) => {
        #[test]
        fn $name() {
            let target = $target;
            if cfg!(fuzzing) {
                bolero::check!()
                    .with_type::<$crate::catalogue::fuzz::recipe::Recipe>()
                    .cloned()
                    .for_each(|recipe| target.once(&recipe));
            } else {
                $crate::catalogue::fuzz::run::run(&target);
            }
        }
    };
}
pub(crate) use target;
